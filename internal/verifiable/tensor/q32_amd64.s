// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// dotQ8 and dotQ4 for AVX2: a register holds 8 rows, two make a group. The portable twins are in
// q32.go. Integers are exact, and each row's floats meet the same operations in the same order: widen d,
// d*scale, f32(n), their product, the sum. In Go's order of operands the last one is written.

#include "textflag.h"
#include "go_asm.h"
#include "tile_amd64.h"

#define PREFETCH 4352

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
#define FINISHX1(w) \
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
	FINISHX1(512)
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

// The products of the weights Y8 = w, Y9 = |w| of rows 0 to 7 and Y10, Y11 of the others with one
// activation's x in n, m. int16 holds two of them, as in STEP8.
#define PRODUCTS8(j, x, n, m) \
	VPBROADCASTD 4*j(x)(SI*1), m \
	VPSIGNB      Y8, m, n \
	VPSIGNB      Y10, m, m \
	VPMADDUBSW   n, Y9, n \
	VPMADDUBSW   m, Y11, m \
	VPMADDWD     n, Y15, n \
	VPMADDWD     m, Y15, m

#define TOKEN8(j, x, n, m) \
	PRODUCTS8(j, x, Y12, Y13) \
	VPADDD Y12, n, n \
	VPADDD Y13, m, m

#define WEIGHTS8(j) \
	VMOVDQU    64*j(DI), Y8 \
	VMOVDQU    64*j+32(DI), Y10 \
	PREFETCHT0 PREFETCH+64*j(DI) \
	VPABSB     Y8, Y9 \
	VPABSB     Y10, Y11

#define STEP8X4(j) \
	WEIGHTS8(j) \
	TOKEN8(j, R8, Y0, Y1) \
	TOKEN8(j, R9, Y2, Y3) \
	TOKEN8(j, R10, Y4, Y5) \
	TOKEN8(j, R11, Y6, Y7)

// func q8TileAVX2(w *byte, a *[4]*smallBlock, out *[4][16]float32, blocks int)
TEXT ·q8TileAVX2(SB), NOSPLIT, $0-32
	VPBROADCASTQ ones16<>(SB), Y15
	BEGINTILE

block:
	WEIGHTS8(0)
	PRODUCTS8(0, R8, Y0, Y1)
	PRODUCTS8(0, R9, Y2, Y3)
	PRODUCTS8(0, R10, Y4, Y5)
	PRODUCTS8(0, R11, Y6, Y7)
	STEP8X4(1)
	STEP8X4(2)
	STEP8X4(3)
	STEP8X4(4)
	STEP8X4(5)
	STEP8X4(6)
	STEP8X4(7)
	VCVTPH2PS 512(DI), Y8
	VCVTPH2PS 528(DI), Y9
	PREFETCHT0 PREFETCH+512(DI)
	FINISHX4(smallBlock_scale)
	ADDQ $544, DI
	ADDQ $smallBlock__size, SI
	DECQ CX
	JNZ  block
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
	FINISHX1(256)
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

// n, m become int32 and lose 8 times the sum of x.
#define TAKEOFF(x, n, m) \
	VPBROADCASTD smallBlock_sum(x)(SI*1), Y12 \
	VPSLLD       $3, Y12, Y12 \
	VPMADDWD     n, Y14, n \
	VPMADDWD     m, Y14, m \
	VPSUBD       Y12, n, n \
	VPSUBD       Y12, m, m

// func q4TileAVX2(w *byte, a *[4]*smallBlock, out *[4][16]float32, blocks int)
TEXT ·q4TileAVX2(SB), NOSPLIT, $0-32
	VPBROADCASTQ ones16<>(SB), Y14
	VPBROADCASTQ low4<>(SB), Y15
	BEGINTILE

block:
	PART4X4
	TAKEOFF(R8, Y0, Y1)
	TAKEOFF(R9, Y2, Y3)
	TAKEOFF(R10, Y4, Y5)
	TAKEOFF(R11, Y6, Y7)
	VCVTPH2PS 256(DI), Y8
	VCVTPH2PS 272(DI), Y9
	PREFETCHT0 PREFETCH+256(DI)
	FINISHX4(smallBlock_scale)
	ADDQ $288, DI
	ADDQ $smallBlock__size, SI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET
