// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// dotQ8 and dotQ4 for AVX2: a register holds 8 rows, two make a group. The portable twins are in
// q32.go. Integers are exact, and each row's floats meet the same operations in the same order: widen d,
// d*scale, f32(n), their product, the sum. In Go's order of operands the last one is written.

#include "textflag.h"
#include "go_asm.h"

// 16 bytes of 0x0001: sums of pairs of int16 by VPMADDWD.
DATA ones16<>+0(SB)/8, $0x0001000100010001
GLOBL ones16<>(SB), RODATA|NOPTR, $8
DATA low4<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL low4<>(SB), RODATA|NOPTR, $8

// A step of Q8_0 for 16 rows: Y0, Y1 += the products of 4 weights a row with x[4j:4j+4]. The product of
// bytes wants one side unsigned: |w| * (x with the sign of w), where |-128| is 128 and x is never -128.
// Two products are at most 2*128*127 = 32512, which int16 holds.
#define STEP8(j) \
	VPBROADCASTD 4*j(SI), Y2 \
	VMOVDQU      64*j(DI), Y3 \
	VMOVDQU      64*j+32(DI), Y4 \
	VPABSB       Y3, Y5 \
	VPABSB       Y4, Y6 \
	VPSIGNB      Y3, Y2, Y7 \
	VPSIGNB      Y4, Y2, Y8 \
	VPMADDUBSW   Y7, Y5, Y5 \
	VPMADDUBSW   Y8, Y6, Y6 \
	VPMADDWD     Y5, Y15, Y5 \
	VPMADDWD     Y6, Y15, Y6 \
	VPADDD       Y5, Y0, Y0 \
	VPADDD       Y6, Y1, Y1 \
	PREFETCHT0   4352+64*j(DI)

// Y12, Y13 += f32(Y0, Y1) * (d * scale), d being 16 Halfs at w.
#define FINISH(w) \
	VBROADCASTSS smallBlock_scale(SI), Y9 \
	VCVTPH2PS    w(DI), Y10 \
	VCVTPH2PS    w+16(DI), Y11 \
	VMULPS       Y9, Y10, Y10 \
	VMULPS       Y9, Y11, Y11 \
	VCVTDQ2PS    Y0, Y0 \
	VCVTDQ2PS    Y1, Y1 \
	VMULPS       Y10, Y0, Y0 \
	VMULPS       Y11, Y1, Y1 \
	VADDPS       Y0, Y12, Y12 \
	VADDPS       Y1, Y13, Y13

// func q8AVX2(w *byte, a *smallBlock, out *float32, blocks, groups int)
TEXT ·q8AVX2(SB), NOSPLIT, $0-40
	MOVQ         w+0(FP), DI
	MOVQ         out+16(FP), R8
	MOVQ         groups+32(FP), R10
	VPBROADCASTQ ones16<>(SB), Y15

group:
	MOVQ  a+8(FP), SI
	MOVQ  blocks+24(FP), CX
	VPXOR Y12, Y12, Y12
	VPXOR Y13, Y13, Y13

block:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	STEP8(0)
	STEP8(1)
	STEP8(2)
	STEP8(3)
	STEP8(4)
	STEP8(5)
	STEP8(6)
	STEP8(7)
	FINISH(512)
	ADDQ  $544, DI
	ADDQ  $smallBlock__size, SI
	DECQ  CX
	JNZ   block
	VMOVUPS Y12, (R8)
	VMOVUPS Y13, 32(R8)
	ADDQ  $64, R8
	DECQ  R10
	JNZ   group
	VZEROUPPER
	RET

// The products of the weights Y8 = w, Y9 = |w| with one activation's x, added to n.
#define TOKEN8(j, x, n, t) \
	VPBROADCASTD 4*j(x), t \
	VPSIGNB      Y8, t, t \
	VPMADDUBSW   t, Y9, t \
	VPMADDWD     t, Y15, t \
	VPADDD       t, n, n

// A step of Q8_0 for 8 rows and 4 activations, whose blocks are at R8 to R11.
#define STEP8X4(j) \
	VMOVDQU 64*j(DI), Y8 \
	VPABSB  Y8, Y9 \
	TOKEN8(j, R8, Y0, Y10) \
	TOKEN8(j, R9, Y1, Y11) \
	TOKEN8(j, R10, Y2, Y12) \
	TOKEN8(j, R11, Y3, Y13)

// acc += f32(n) * (Y8 * scale)
#define FINISHX4(x, n, acc, t) \
	VBROADCASTSS smallBlock_scale(x), t \
	VMULPS       Y8, t, t \
	VCVTDQ2PS    n, n \
	VMULPS       t, n, n \
	VADDPS       n, acc, acc

#define LOADTILE \
	MOVQ a+8(FP), AX \
	MOVQ 0(AX), R8 \
	MOVQ 8(AX), R9 \
	MOVQ 16(AX), R10 \
	MOVQ 24(AX), R11

#define NEXTX4 \
	ADDQ $smallBlock__size, R8 \
	ADDQ $smallBlock__size, R9 \
	ADDQ $smallBlock__size, R10 \
	ADDQ $smallBlock__size, R11

// func q8TileAVX2(w *byte, a *[4]*smallBlock, out *[4][16]float32, blocks int)
// First the rows 0 to 7, then, with all that belongs to a row 32 bytes on (d: 16), the others.
TEXT ·q8TileAVX2(SB), NOSPLIT, $0-32
	MOVQ         w+0(FP), DI
	MOVQ         DI, R13
	ADDQ         $512, R13
	MOVQ         out+16(FP), BX
	VPBROADCASTQ ones16<>(SB), Y15
	MOVQ         $2, DX

half:
	LOADTILE
	MOVQ  blocks+24(FP), CX
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7

block:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	STEP8X4(0)
	STEP8X4(1)
	STEP8X4(2)
	STEP8X4(3)
	STEP8X4(4)
	STEP8X4(5)
	STEP8X4(6)
	STEP8X4(7)
	VCVTPH2PS (R13), Y8
	FINISHX4(R8, Y0, Y4, Y10)
	FINISHX4(R9, Y1, Y5, Y11)
	FINISHX4(R10, Y2, Y6, Y12)
	FINISHX4(R11, Y3, Y7, Y13)
	NEXTX4
	ADDQ  $544, DI
	ADDQ  $544, R13
	DECQ  CX
	JNZ   block
	VMOVUPS Y4, 0(BX)
	VMOVUPS Y5, 64(BX)
	VMOVUPS Y6, 128(BX)
	VMOVUPS Y7, 192(BX)
	ADDQ  $32, BX
	MOVQ  w+0(FP), DI
	MOVQ  DI, R13
	ADDQ  $32, DI
	ADDQ  $528, R13
	DECQ  DX
	JNZ   half
	VZEROUPPER
	RET

// Two steps of Q4_0 for 16 rows: Y0, Y1 (int16) += the products of the low nibbles with x[4j:4j+4] and
// of the high ones with x[16+4j:…]. A nibble is at most 15, so 16 products are at most 30480 in
// magnitude: int16 holds all 8 steps.
#define STEP4(j) \
	VPBROADCASTD 4*j(SI), Y2 \
	VPBROADCASTD 16+4*j(SI), Y3 \
	VMOVDQU      64*j(DI), Y4 \
	VMOVDQU      64*j+32(DI), Y5 \
	VPSRLW       $4, Y4, Y6 \
	VPSRLW       $4, Y5, Y7 \
	VPAND        Y14, Y4, Y4 \
	VPAND        Y14, Y5, Y5 \
	VPAND        Y14, Y6, Y6 \
	VPAND        Y14, Y7, Y7 \
	VPMADDUBSW   Y2, Y4, Y4 \
	VPMADDUBSW   Y2, Y5, Y5 \
	VPMADDUBSW   Y3, Y6, Y6 \
	VPMADDUBSW   Y3, Y7, Y7 \
	VPADDW       Y4, Y0, Y0 \
	VPADDW       Y5, Y1, Y1 \
	VPADDW       Y6, Y0, Y0 \
	VPADDW       Y7, Y1, Y1 \
	PREFETCHT0   4608+64*j(DI)

// func q4AVX2(w *byte, a *smallBlock, out *float32, blocks, groups int)
TEXT ·q4AVX2(SB), NOSPLIT, $0-40
	MOVQ         w+0(FP), DI
	MOVQ         out+16(FP), R8
	MOVQ         groups+32(FP), R10
	VPBROADCASTQ ones16<>(SB), Y15
	VPBROADCASTQ low4<>(SB), Y14

group:
	MOVQ  a+8(FP), SI
	MOVQ  blocks+24(FP), CX
	VPXOR Y12, Y12, Y12
	VPXOR Y13, Y13, Y13

block:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	STEP4(0)
	STEP4(1)
	STEP4(2)
	STEP4(3)
	VPBROADCASTD smallBlock_sum(SI), Y2
	VPSLLD $3, Y2, Y2
	VPMADDWD Y0, Y15, Y0
	VPMADDWD Y1, Y15, Y1
	VPSUBD Y2, Y0, Y0
	VPSUBD Y2, Y1, Y1
	FINISH(256)
	ADDQ  $288, DI
	ADDQ  $smallBlock__size, SI
	DECQ  CX
	JNZ   block
	VMOVUPS Y12, (R8)
	VMOVUPS Y13, 32(R8)
	ADDQ  $64, R8
	DECQ  R10
	JNZ   group
	VZEROUPPER
	RET

// n (int16) += the products of the low nibbles Y8 and the high nibbles Y9 with one activation's x.
#define TOKEN4(j, x, n, t) \
	VPBROADCASTD 4*j(x), t \
	VPMADDUBSW   t, Y8, t \
	VPADDW       t, n, n \
	VPBROADCASTD 16+4*j(x), t \
	VPMADDUBSW   t, Y9, t \
	VPADDW       t, n, n

#define STEP4X4(j) \
	VMOVDQU 64*j(DI), Y8 \
	VPSRLW  $4, Y8, Y9 \
	VPAND   Y14, Y8, Y8 \
	VPAND   Y14, Y9, Y9 \
	TOKEN4(j, R8, Y0, Y10) \
	TOKEN4(j, R9, Y1, Y11) \
	TOKEN4(j, R10, Y2, Y12) \
	TOKEN4(j, R11, Y3, Y13)

// n becomes int32 and loses 8 times the sum of x.
#define TAKEOFF(x, n, t) \
	VPBROADCASTD smallBlock_sum(x), t \
	VPSLLD       $3, t, t \
	VPMADDWD     n, Y15, n \
	VPSUBD       t, n, n

// func q4TileAVX2(w *byte, a *[4]*smallBlock, out *[4][16]float32, blocks int)
TEXT ·q4TileAVX2(SB), NOSPLIT, $0-32
	MOVQ         w+0(FP), DI
	MOVQ         DI, R13
	ADDQ         $256, R13
	MOVQ         out+16(FP), BX
	VPBROADCASTQ ones16<>(SB), Y15
	VPBROADCASTQ low4<>(SB), Y14
	MOVQ         $2, DX

half:
	LOADTILE
	MOVQ  blocks+24(FP), CX
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7

block:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	STEP4X4(0)
	STEP4X4(1)
	STEP4X4(2)
	STEP4X4(3)
	TAKEOFF(R8, Y0, Y10)
	TAKEOFF(R9, Y1, Y11)
	TAKEOFF(R10, Y2, Y12)
	TAKEOFF(R11, Y3, Y13)
	VCVTPH2PS (R13), Y8
	FINISHX4(R8, Y0, Y4, Y10)
	FINISHX4(R9, Y1, Y5, Y11)
	FINISHX4(R10, Y2, Y6, Y12)
	FINISHX4(R11, Y3, Y7, Y13)
	NEXTX4
	ADDQ  $288, DI
	ADDQ  $288, R13
	DECQ  CX
	JNZ   block
	VMOVUPS Y4, 0(BX)
	VMOVUPS Y5, 64(BX)
	VMOVUPS Y6, 128(BX)
	VMOVUPS Y7, 192(BX)
	ADDQ  $32, BX
	MOVQ  w+0(FP), DI
	MOVQ  DI, R13
	ADDQ  $32, DI
	ADDQ  $272, R13
	DECQ  DX
	JNZ   half
	VZEROUPPER
	RET
