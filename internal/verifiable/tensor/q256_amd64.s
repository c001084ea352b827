// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// dotQ4K, dotQ5K and dotQ6K for AVX2: a register holds 8 rows. The portable twins are in q256.go.
// Weights stay unsigned, so that products of bytes add up in int16; the factor of a part then multiplies
// sums of pairs on their way to int32. Integers are exact, and each row's floats meet the operations of
// the twin in their order. In Go's order of operands the last one is written.
//
// Rows 0 to 7 are computed first, then rows 8 to 15, whose weights lie 32 bytes on, factors and d 16.
// DI points at the weights and R13 at the factors of the half; R8 to R11 at the blocks of activations.

#include "textflag.h"
#include "go_asm.h"

DATA low4<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL low4<>(SB), RODATA|NOPTR, $8
DATA bit4<>+0(SB)/8, $0x1010101010101010
GLOBL bit4<>(SB), RODATA|NOPTR, $8
DATA bits45<>+0(SB)/8, $0x3030303030303030
GLOBL bits45<>(SB), RODATA|NOPTR, $8

// Of a row's factors of two parts, int16 each, the first one twice, the second one twice.
DATA first<>+0(SB)/8, $0x0504050401000100
DATA first<>+8(SB)/8, $0x0d0c0d0c09080908
DATA first<>+16(SB)/8, $0x0504050401000100
DATA first<>+24(SB)/8, $0x0d0c0d0c09080908
GLOBL first<>(SB), RODATA|NOPTR, $32
DATA second<>+0(SB)/8, $0x0706070603020302
DATA second<>+8(SB)/8, $0x0f0e0f0e0b0a0b0a
DATA second<>+16(SB)/8, $0x0706070603020302
DATA second<>+24(SB)/8, $0x0f0e0f0e0b0a0b0a
GLOBL second<>(SB), RODATA|NOPTR, $32

#define LOADTILE \
	MOVQ a+8(FP), AX \
	MOVQ 0(AX), R8 \
	MOVQ 8(AX), R9 \
	MOVQ 16(AX), R10 \
	MOVQ 24(AX), R11

#define ADVANCE(n) \
	ADDQ $n, R8 \
	ADDQ $n, R9 \
	ADDQ $n, R10 \
	ADDQ $n, R11

#define CLEAR4(a, b, c, d) \
	VPXOR a, a, a \
	VPXOR b, b, b \
	VPXOR c, c, c \
	VPXOR d, d, d

// The offset of a field of largeBlock from where R8 to R11 stand after a block's 256 bytes.
#define SUMS16 (largeBlock_sums16-256)
#define SUMS32 (largeBlock_sums32-256)
#define SCALE (largeBlock_scale-256)

// n (int16) += the products of the low nibbles Y8 and the high nibbles Y9 with one activation's x.
#define TOKEN4(j, x, n, t) \
	VPBROADCASTD 4*j(x), t \
	VPMADDUBSW   t, Y8, t \
	VPADDW       t, n, n \
	VPBROADCASTD 16+4*j(x), t \
	VPMADDUBSW   t, Y9, t \
	VPADDW       t, n, n

#define NIBBLES(j) \
	VMOVDQU 64*j(DI), Y8 \
	VPSRLW  $4, Y8, Y9 \
	VPAND   Y15, Y8, Y8 \
	VPAND   Y15, Y9, Y9

#define STEP4X4(j) \
	NIBBLES(j) \
	TOKEN4(j, R8, Y0, Y10) \
	TOKEN4(j, R9, Y1, Y11) \
	TOKEN4(j, R10, Y2, Y12) \
	TOKEN4(j, R11, Y3, Y13)

// The factors of the next part, the first or second of two, into Y14.
#define FACTORS(which) \
	VPMOVZXBW (R13), Y14 \
	VPSHUFB   which<>(SB), Y14, Y14

// n += factor * sums, and the sums are spent.
#define SCALED(sum, n) \
	VPMADDWD sum, Y14, sum \
	VPADDD   sum, n, n

// A part of 32 of Q4_K. 16 products of at most 15*127 fit int16.
#define PARTX4(which) \
	CLEAR4(Y0, Y1, Y2, Y3) \
	STEP4X4(0) \
	STEP4X4(1) \
	STEP4X4(2) \
	STEP4X4(3) \
	FACTORS(which) \
	SCALED(Y0, Y4) \
	SCALED(Y1, Y5) \
	SCALED(Y2, Y6) \
	SCALED(Y3, Y7) \
	ADDQ $256, DI \
	ADVANCE(32)

// The offsets of two parts times the sums of x of these parts, one activation: o += …
#define OFFSET(j, x, o, t) \
	VPBROADCASTD SUMS32+4*j(x), t \
	VPMADDWD     t, Y14, t \
	VPADDD       t, o, o

// R13 stands at the offsets.
#define OFFSETX4(j) \
	VPMOVZXBW 32*j(R13), Y14 \
	OFFSET(j, R8, Y0, Y10) \
	OFFSET(j, R9, Y1, Y11) \
	OFFSET(j, R10, Y2, Y12) \
	OFFSET(j, R11, Y3, Y13)

// acc, at out in memory, += f32(n) * (Y8 * scale)
#define FINISH(x, n, out, t, s) \
	VBROADCASTSS SCALE(x), t \
	VMULPS       Y8, t, t \
	VCVTDQ2PS    n, n \
	VMULPS       t, n, n \
	VADDPS       out, n, n \
	VMOVUPS      n, out

// The same, then acc -= f32(o) * (Y9 * scale).
#define FINISHOFFSET(x, n, o, out, t, s) \
	VBROADCASTSS SCALE(x), t \
	VMULPS       Y8, t, s \
	VCVTDQ2PS    n, n \
	VMULPS       s, n, n \
	VADDPS       out, n, n \
	VMULPS       Y9, t, s \
	VCVTDQ2PS    o, o \
	VMULPS       s, o, o \
	VSUBPS       o, n, n \
	VMOVUPS      n, out

// The end of a block of Q4_K and Q5_K: R13 stands behind the factors, where the offsets are.
#define ENDX4 \
	CLEAR4(Y0, Y1, Y2, Y3) \
	OFFSETX4(0) \
	OFFSETX4(1) \
	OFFSETX4(2) \
	OFFSETX4(3) \
	VCVTPH2PS 128(R13), Y8 \
	VCVTPH2PS 160(R13), Y9 \
	FINISHOFFSET(R8, Y4, Y0, 0(BX), Y10, Y11) \
	FINISHOFFSET(R9, Y5, Y1, 64(BX), Y12, Y13) \
	FINISHOFFSET(R10, Y6, Y2, 128(BX), Y10, Y11) \
	FINISHOFFSET(R11, Y7, Y3, 192(BX), Y12, Y13) \
	ADVANCE((largeBlock__size-256))

// out = 0 for the 8 rows of the half.
#define ZEROX4 \
	VPXOR   Y0, Y0, Y0 \
	VMOVUPS Y0, 0(BX) \
	VMOVUPS Y0, 64(BX) \
	VMOVUPS Y0, 128(BX) \
	VMOVUPS Y0, 192(BX)

// func q4KTileAVX2(w *byte, a *[4]*largeBlock, out *[4][16]float32, blocks int)
TEXT ·q4KTileAVX2(SB), NOSPLIT, $0-32
	MOVQ         w+0(FP), DI
	LEAQ         const_q4KFactors(DI), R13
	MOVQ         out+16(FP), BX
	VPBROADCASTQ low4<>(SB), Y15
	MOVQ         $2, DX

half:
	LOADTILE
	ZEROX4
	MOVQ blocks+24(FP), CX

block:
	CLEAR4(Y4, Y5, Y6, Y7)
	MOVQ $4, AX

pair:
	PARTX4(first)
	PARTX4(second)
	ADDQ $32, R13
	DECQ AX
	JNZ  pair
	ENDX4
	ADDQ $(const_q4KGroup-2048), DI
	ADDQ $(const_q4KGroup-128), R13
	DECQ CX
	JNZ  block
	ADDQ $32, BX
	MOVQ w+0(FP), DI
	LEAQ const_q4KFactors+16(DI), R13
	ADDQ $32, DI
	DECQ DX
	JNZ  half
	VZEROUPPER
	RET

// One activation at R8, 16 rows: Y0, Y1 (int16) += both halves of two steps.
#define STEP4X1(j) \
	VPBROADCASTD 4*j(R8), Y2 \
	VPBROADCASTD 16+4*j(R8), Y3 \
	VMOVDQU      64*j(DI), Y8 \
	VMOVDQU      64*j+32(DI), Y10 \
	VPSRLW       $4, Y8, Y9 \
	VPSRLW       $4, Y10, Y11 \
	VPAND        Y15, Y8, Y8 \
	VPAND        Y15, Y9, Y9 \
	VPAND        Y15, Y10, Y10 \
	VPAND        Y15, Y11, Y11 \
	VPMADDUBSW   Y2, Y8, Y8 \
	VPMADDUBSW   Y3, Y9, Y9 \
	VPMADDUBSW   Y2, Y10, Y10 \
	VPMADDUBSW   Y3, Y11, Y11 \
	VPADDW       Y8, Y0, Y0 \
	VPADDW       Y10, Y1, Y1 \
	VPADDW       Y9, Y0, Y0 \
	VPADDW       Y11, Y1, Y1 \
	PREFETCHT0   4736+64*j(DI)

// Y4, Y5 += factor * (Y0, Y1)
#define SCALEDX1(which) \
	VPMOVZXBW (R13), Y8 \
	VPMOVZXBW 16(R13), Y9 \
	VPSHUFB   which<>(SB), Y8, Y8 \
	VPSHUFB   which<>(SB), Y9, Y9 \
	VPMADDWD  Y0, Y8, Y0 \
	VPMADDWD  Y1, Y9, Y1 \
	VPADDD    Y0, Y4, Y4 \
	VPADDD    Y1, Y5, Y5

#define PARTX1(which) \
	VPXOR Y0, Y0, Y0 \
	VPXOR Y1, Y1, Y1 \
	STEP4X1(0) \
	STEP4X1(1) \
	STEP4X1(2) \
	STEP4X1(3) \
	SCALEDX1(which) \
	ADDQ $256, DI \
	ADDQ $32, R8

#define OFFSETX1(j) \
	VPBROADCASTD SUMS32+4*j(R8), Y2 \
	VPMOVZXBW    32*j(R13), Y8 \
	VPMOVZXBW    32*j+16(R13), Y9 \
	VPMADDWD     Y2, Y8, Y8 \
	VPMADDWD     Y2, Y9, Y9 \
	VPADDD       Y8, Y0, Y0 \
	VPADDD       Y9, Y1, Y1

// acc += f32(n) * (d * scale) for a half, with d at w; t and s are spent.
#define FINISHX1(w, n, acc, t) \
	VCVTPH2PS w(R13), t \
	VMULPS    Y2, t, t \
	VCVTDQ2PS n, n \
	VMULPS    t, n, n \
	VADDPS    n, acc, acc

#define FINISHOFFX1(w, o, acc, t) \
	VCVTPH2PS w(R13), t \
	VMULPS    Y2, t, t \
	VCVTDQ2PS o, o \
	VMULPS    t, o, o \
	VSUBPS    o, acc, acc

#define ENDX1 \
	VPXOR Y0, Y0, Y0 \
	VPXOR Y1, Y1, Y1 \
	OFFSETX1(0) \
	OFFSETX1(1) \
	OFFSETX1(2) \
	OFFSETX1(3) \
	VBROADCASTSS SCALE(R8), Y2 \
	FINISHX1(128, Y4, Y12, Y8) \
	FINISHX1(144, Y5, Y13, Y9) \
	FINISHOFFX1(160, Y0, Y12, Y10) \
	FINISHOFFX1(176, Y1, Y13, Y11) \
	PREFETCHT0 4736(R13) \
	PREFETCHT0 4800(R13) \
	PREFETCHT0 4864(R13) \
	ADDQ $(largeBlock__size-256), R8

// func q4KAVX2(w *byte, a *largeBlock, out *float32, blocks, groups int)
TEXT ·q4KAVX2(SB), NOSPLIT, $0-40
	MOVQ         w+0(FP), DI
	LEAQ         const_q4KFactors(DI), R13
	MOVQ         out+16(FP), BX
	MOVQ         groups+32(FP), DX
	VPBROADCASTQ low4<>(SB), Y15

group:
	MOVQ  a+8(FP), R8
	MOVQ  blocks+24(FP), CX
	VPXOR Y12, Y12, Y12
	VPXOR Y13, Y13, Y13

block:
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	MOVQ  $4, AX

pair:
	PARTX1(first)
	PARTX1(second)
	ADDQ $32, R13
	DECQ AX
	JNZ  pair
	ENDX1
	ADDQ $(const_q4KGroup-2048), DI
	ADDQ $(const_q4KGroup-128), R13
	DECQ CX
	JNZ  block
	VMOVUPS Y12, (BX)
	VMOVUPS Y13, 32(BX)
	ADDQ $64, BX
	DECQ DX
	JNZ  group
	VZEROUPPER
	RET

// Q5_K: the fifth bits of a part are at R12. A weight is at most 31, so the products of four steps fit
// int16, and each half of a part is scaled for itself. Fifth bits of the steps j and j+4 are moved to
// bit 4 and join the nibbles.
#define FIFTH(j) \
	VMOVDQU (R12), Y14 \
	VPSLLW  $(4-j), Y14, Y10 \
	VPSRLW  $j, Y14, Y11 \
	VPAND   bit4x32<>(SB), Y10, Y10 \
	VPAND   bit4x32<>(SB), Y11, Y11 \
	VPOR    Y10, Y8, Y8 \
	VPOR    Y11, Y9, Y9

DATA bit4x32<>+0(SB)/8, $0x1010101010101010
DATA bit4x32<>+8(SB)/8, $0x1010101010101010
DATA bit4x32<>+16(SB)/8, $0x1010101010101010
DATA bit4x32<>+24(SB)/8, $0x1010101010101010
GLOBL bit4x32<>(SB), RODATA|NOPTR, $32

// n += factor * (x's products with low and high half of two steps). Two products with each are at most
// 4*31*127 together.
#define TOKEN5(j, x, n, t) \
	VPBROADCASTD 4*j(x), t \
	VPMADDUBSW   t, Y8, t \
	VPADDW       t, n, n \
	VPBROADCASTD 16+4*j(x), t \
	VPMADDUBSW   t, Y9, t \
	VPADDW       t, n, n

#define STEP5X4(j) \
	NIBBLES(j) \
	FIFTH(j) \
	TOKEN5(j, R8, Y0, Y10) \
	TOKEN5(j, R9, Y1, Y11) \
	TOKEN5(j, R10, Y2, Y12) \
	TOKEN5(j, R11, Y3, Y13)

#define SCALE5X4(which) \
	FACTORS(which) \
	SCALED(Y0, Y4) \
	SCALED(Y1, Y5) \
	SCALED(Y2, Y6) \
	SCALED(Y3, Y7)

// Two steps of low and of high nibbles are four steps: 8 products, at most 8*31*127 = 31496.
#define PART5X4(which) \
	CLEAR4(Y0, Y1, Y2, Y3) \
	STEP5X4(0) \
	STEP5X4(1) \
	SCALE5X4(which) \
	CLEAR4(Y0, Y1, Y2, Y3) \
	STEP5X4(2) \
	STEP5X4(3) \
	SCALE5X4(which) \
	ADDQ $256, DI \
	ADDQ $64, R12 \
	ADVANCE(32)

// func q5KTileAVX2(w *byte, a *[4]*largeBlock, out *[4][16]float32, blocks int)
TEXT ·q5KTileAVX2(SB), NOSPLIT, $0-32
	MOVQ         w+0(FP), DI
	LEAQ         const_q5KFactors(DI), R13
	LEAQ         const_q5KFifth(DI), R12
	MOVQ         out+16(FP), BX
	VPBROADCASTQ low4<>(SB), Y15
	MOVQ         $2, DX

half:
	LOADTILE
	ZEROX4
	MOVQ blocks+24(FP), CX

block:
	CLEAR4(Y4, Y5, Y6, Y7)
	MOVQ $4, AX

pair:
	PART5X4(first)
	PART5X4(second)
	ADDQ $32, R13
	DECQ AX
	JNZ  pair
	ENDX4
	ADDQ $(const_q5KGroup-2048), DI
	ADDQ $(const_q5KGroup-512), R12
	ADDQ $(const_q5KGroup-128), R13
	DECQ CX
	JNZ  block
	ADDQ $32, BX
	MOVQ w+0(FP), DI
	LEAQ const_q5KFactors+16(DI), R13
	LEAQ const_q5KFifth+32(DI), R12
	ADDQ $32, DI
	DECQ DX
	JNZ  half
	VZEROUPPER
	RET

// Y0 (rows 0 to 7) or Y1 (rows 8 to 15, at = 32) += the products of two steps; fifth bits in h.
#define HALF5(j, at, h, n) \
	VMOVDQU    64*j+at(DI), Y8 \
	VPSRLW     $4, Y8, Y9 \
	VPAND      Y15, Y8, Y8 \
	VPAND      Y15, Y9, Y9 \
	VPSLLW     $(4-j), h, Y10 \
	VPSRLW     $j, h, Y11 \
	VPAND      Y14, Y10, Y10 \
	VPAND      Y14, Y11, Y11 \
	VPOR       Y10, Y8, Y8 \
	VPOR       Y11, Y9, Y9 \
	VPMADDUBSW Y2, Y8, Y8 \
	VPMADDUBSW Y3, Y9, Y9 \
	VPADDW     Y8, n, n \
	VPADDW     Y9, n, n

#define STEP5X1(j) \
	VPBROADCASTD 4*j(R8), Y2 \
	VPBROADCASTD 16+4*j(R8), Y3 \
	HALF5(j, 0, Y6, Y0) \
	HALF5(j, 32, Y7, Y1) \
	PREFETCHT0   5760+64*j(DI)

#define PART5X1(which) \
	VMOVDQU (R12), Y6 \
	VMOVDQU 32(R12), Y7 \
	VPXOR   Y0, Y0, Y0 \
	VPXOR   Y1, Y1, Y1 \
	STEP5X1(0) \
	STEP5X1(1) \
	SCALEDX1(which) \
	VPXOR   Y0, Y0, Y0 \
	VPXOR   Y1, Y1, Y1 \
	STEP5X1(2) \
	STEP5X1(3) \
	SCALEDX1(which) \
	PREFETCHT0 5760(R12) \
	ADDQ    $256, DI \
	ADDQ    $64, R12 \
	ADDQ    $32, R8

// func q5KAVX2(w *byte, a *largeBlock, out *float32, blocks, groups int)
TEXT ·q5KAVX2(SB), NOSPLIT, $0-40
	MOVQ         w+0(FP), DI
	LEAQ         const_q5KFactors(DI), R13
	LEAQ         const_q5KFifth(DI), R12
	MOVQ         out+16(FP), BX
	MOVQ         groups+32(FP), DX
	VPBROADCASTQ low4<>(SB), Y15
	VPBROADCASTQ bit4<>(SB), Y14

group:
	MOVQ  a+8(FP), R8
	MOVQ  blocks+24(FP), CX
	VPXOR Y12, Y12, Y12
	VPXOR Y13, Y13, Y13

block:
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	MOVQ  $4, AX

pair:
	PART5X1(first)
	PART5X1(second)
	ADDQ $32, R13
	DECQ AX
	JNZ  pair
	ENDX1
	ADDQ $(const_q5KGroup-2048), DI
	ADDQ $(const_q5KGroup-512), R12
	ADDQ $(const_q5KGroup-128), R13
	DECQ CX
	JNZ  block
	VMOVUPS Y12, (BX)
	VMOVUPS Y13, 32(BX)
	ADDQ $64, BX
	DECQ DX
	JNZ  group
	VZEROUPPER
	RET

// Q6_K: the weights of the four steps of a part of 16, 8 rows, at w: Y0 to Y3. t and u are spent.
#define SIX(w, t, u) \
	VMOVDQU w(DI), Y0 \
	VMOVDQU w+64(DI), Y1 \
	VMOVDQU w+128(DI), t \
	VPSRLW  $4, Y0, Y2 \
	VPSRLW  $4, Y1, Y3 \
	VPAND   Y15, Y0, Y0 \
	VPAND   Y15, Y1, Y1 \
	VPAND   Y15, Y2, Y2 \
	VPAND   Y15, Y3, Y3 \
	VPSLLW  $4, t, u \
	VPAND   Y14, u, u \
	VPOR    u, Y0, Y0 \
	VPSLLW  $2, t, u \
	VPAND   Y14, u, u \
	VPOR    u, Y1, Y1 \
	VPAND   Y14, t, u \
	VPOR    u, Y2, Y2 \
	VPSRLW  $2, t, u \
	VPAND   Y14, u, u \
	VPOR    u, Y3, Y3

// n += factor (f) * the products of a part. A weight is at most 63, so those of two steps, at most
// 4*63*127 = 32004, fit int16.
#define TOKEN6(x, f, n, t, u, v) \
	VPBROADCASTD 0(x), t \
	VPBROADCASTD 4(x), u \
	VPMADDUBSW   t, Y0, t \
	VPMADDUBSW   u, Y1, u \
	VPADDW       u, t, t \
	VPBROADCASTD 8(x), u \
	VPBROADCASTD 12(x), v \
	VPMADDUBSW   u, Y2, u \
	VPMADDUBSW   v, Y3, v \
	VPADDW       v, u, u \
	VPMADDWD     t, f, t \
	VPMADDWD     u, f, u \
	VPADDD       t, n, n \
	VPADDD       u, n, n

// n -= 32 * factors of two parts (f, times 32 already) * the sums of x
#define MINUS32(x, f, n, t) \
	VPBROADCASTD (x)(AX*1), t \
	VPMADDWD     t, f, t \
	VPSUBD       t, n, n

#define PART6X4(which, w) \
	SIX(w, Y10, Y11) \
	VPMOVSXBW (R13), Y8 \
	VPSHUFB   which<>(SB), Y8, Y8 \
	TOKEN6(R8, Y8, Y4, Y9, Y10, Y11) \
	TOKEN6(R9, Y8, Y5, Y12, Y13, Y11) \
	TOKEN6(R10, Y8, Y6, Y9, Y10, Y11) \
	TOKEN6(R11, Y8, Y7, Y12, Y13, Y11) \
	ADVANCE(16)

// Two parts. AX is how far the sums are from where x stands: it falls behind by 32-4 a time.
#define PAIR6X4 \
	VPMOVSXBW (R13), Y8 \
	VPSLLW    $5, Y8, Y8 \
	MINUS32(R8, Y8, Y4, Y9) \
	MINUS32(R9, Y8, Y5, Y10) \
	MINUS32(R10, Y8, Y6, Y11) \
	MINUS32(R11, Y8, Y7, Y12) \
	PART6X4(first, 0) \
	PART6X4(second, 192) \
	ADDQ $384, DI \
	ADDQ $32, R13 \
	SUBQ $28, AX

// func q6KTileAVX2(w *byte, a *[4]*largeBlock, out *[4][16]float32, blocks int)
TEXT ·q6KTileAVX2(SB), NOSPLIT, $0-32
	MOVQ         w+0(FP), DI
	LEAQ         const_q6KFactors(DI), R13
	MOVQ         out+16(FP), BX
	VPBROADCASTQ low4<>(SB), Y15
	VPBROADCASTQ bits45<>(SB), Y14
	MOVQ         $2, DX

half:
	LOADTILE
	ZEROX4
	MOVQ blocks+24(FP), CX

block:
	CLEAR4(Y4, Y5, Y6, Y7)
	MOVQ $largeBlock_sums16, AX

pair:
	PAIR6X4
	CMPQ AX, $(largeBlock_sums16-8*28)
	JNE  pair
	VCVTPH2PS (R13), Y8
	FINISH(R8, Y4, 0(BX), Y10, Y0)
	FINISH(R9, Y5, 64(BX), Y11, Y0)
	FINISH(R10, Y6, 128(BX), Y12, Y0)
	FINISH(R11, Y7, 192(BX), Y13, Y0)
	ADVANCE((largeBlock__size-256))
	ADDQ $(const_q6KGroup-3072), DI
	ADDQ $(const_q6KGroup-256), R13
	DECQ CX
	JNZ  block
	ADDQ $32, BX
	MOVQ w+0(FP), DI
	LEAQ const_q6KFactors+16(DI), R13
	ADDQ $32, DI
	DECQ DX
	JNZ  half
	VZEROUPPER
	RET

// One part of one activation for 8 rows at w, factors at f.
#define PART6X1(which, w, f, n) \
	SIX(w, Y6, Y7) \
	VPMOVSXBW f(R13), Y8 \
	VPSHUFB   which<>(SB), Y8, Y8 \
	TOKEN6(R8, Y8, n, Y9, Y10, Y11)

#define PAIR6X1 \
	VPBROADCASTD (R8)(AX*1), Y2 \
	VPMOVSXBW  (R13), Y8 \
	VPMOVSXBW  16(R13), Y9 \
	VPSLLW     $5, Y8, Y8 \
	VPSLLW     $5, Y9, Y9 \
	VPMADDWD   Y2, Y8, Y8 \
	VPMADDWD   Y2, Y9, Y9 \
	VPSUBD     Y8, Y4, Y4 \
	VPSUBD     Y9, Y5, Y5 \
	PART6X1(first, 0, 0, Y4) \
	PART6X1(first, 32, 16, Y5) \
	ADDQ $16, R8 \
	PART6X1(second, 192, 0, Y4) \
	PART6X1(second, 224, 16, Y5) \
	ADDQ $16, R8 \
	PREFETCHT0 5040(DI) \
	PREFETCHT0 5104(DI) \
	PREFETCHT0 5168(DI) \
	PREFETCHT0 5232(DI) \
	PREFETCHT0 5296(DI) \
	PREFETCHT0 5360(DI) \
	ADDQ $384, DI \
	ADDQ $32, R13 \
	SUBQ $28, AX

// func q6KAVX2(w *byte, a *largeBlock, out *float32, blocks, groups int)
TEXT ·q6KAVX2(SB), NOSPLIT, $0-40
	MOVQ         w+0(FP), DI
	LEAQ         const_q6KFactors(DI), R13
	MOVQ         out+16(FP), BX
	MOVQ         groups+32(FP), DX
	VPBROADCASTQ low4<>(SB), Y15
	VPBROADCASTQ bits45<>(SB), Y14

group:
	MOVQ  a+8(FP), R8
	MOVQ  blocks+24(FP), CX
	VPXOR Y12, Y12, Y12
	VPXOR Y13, Y13, Y13

block:
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	MOVQ  $largeBlock_sums16, AX

pair:
	PAIR6X1
	CMPQ AX, $(largeBlock_sums16-8*28)
	JNE  pair
	VBROADCASTSS SCALE(R8), Y2
	FINISHX1(0, Y4, Y12, Y8)
	FINISHX1(16, Y5, Y13, Y9)
	PREFETCHT0 5040(DI)
	PREFETCHT0 5104(DI)
	PREFETCHT0 5168(DI)
	PREFETCHT0 5232(DI)
	PREFETCHT0 5296(DI)
	ADDQ $(largeBlock__size-256), R8
	ADDQ $(const_q6KGroup-3072), DI
	ADDQ $(const_q6KGroup-256), R13
	DECQ CX
	JNZ  block
	VMOVUPS Y12, (BX)
	VMOVUPS Y13, 32(BX)
	ADDQ $64, BX
	DECQ DX
	JNZ  group
	VZEROUPPER
	RET
