// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// dotQ4K, dotQ5K and dotQ6K for AVX2: a register holds 8 rows. The portable twins are in q256.go.
// Weights stay unsigned, so that products of bytes add up in int16; the factor of a part then multiplies
// sums of pairs on their way to int32. Integers are exact, and each row's floats meet the operations of
// the twin in their order. In Go's order of operands the last one is written.
//
// The weights of rows 8 to 15 lie 32 bytes after those of rows 0 to 7, factors and d 16. DI points at the
// weights and R13 at the factors, R8 to R11 at the activations.

#include "textflag.h"
#include "go_asm.h"
#include "tile_amd64.h"

#define PREFETCH 4736

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

// The offset of a field of largeBlock from where an activation stands after a block's 256 bytes.
#define SUMS16 (largeBlock_sums16-256)
#define SUMS32 (largeBlock_sums32-256)
#define SCALE (largeBlock_scale-256)

// The factors of a part, the first or second of two: rows 0 to 7 in Y8, the others in Y9.
#define FACTORS(which) \
	VPMOVZXBW (R13), Y8 \
	VPMOVZXBW 16(R13), Y9 \
	VPSHUFB   which<>(SB), Y8, Y8 \
	VPSHUFB   which<>(SB), Y9, Y9

// The block's sums (int32) at DX, where the tile's floats are in out, += factor * (n, m), which are spent.
#define SCALED(n, m, at) \
	VPMADDWD n, Y8, n \
	VPMADDWD m, Y9, m \
	VPADDD   at(DX), n, n \
	VPADDD   at+32(DX), m, m \
	VMOVDQA  n, at(DX) \
	VMOVDQA  m, at+32(DX)

#define SCALEDX4(which) \
	FACTORS(which) \
	SCALED(Y0, Y1, 0) \
	SCALED(Y2, Y3, 64) \
	SCALED(Y4, Y5, 128) \
	SCALED(Y6, Y7, 192)

// DX = room for the sums on the stack, none of them across lines of the cache.
#define SUMSONSTACK \
	LEAQ 63(SP), DX \
	ANDQ $~63, DX

#define ZEROX4 \
	VPXOR   Y0, Y0, Y0 \
	VMOVDQA Y0, 0(DX) \
	VMOVDQA Y0, 32(DX) \
	VMOVDQA Y0, 64(DX) \
	VMOVDQA Y0, 96(DX) \
	VMOVDQA Y0, 128(DX) \
	VMOVDQA Y0, 160(DX) \
	VMOVDQA Y0, 192(DX) \
	VMOVDQA Y0, 224(DX)

#define PARTX4(which) \
	PART4X4 \
	SCALEDX4(which) \
	ADDQ $256, DI \
	ADDQ $32, SI

// The end of a block for 8 rows and one activation, whose floats and sums are at: the products of the
// offsets, in Y8 to Y11, with the sums of x, d in Y6, dmin in Y7.
// acc += f32(n) * (d * scale), then acc -= f32(o) * (dmin * scale).
#define ENDHALF(x, at) \
	VPBROADCASTD SUMS32(x)(SI*1), Y0 \
	VPBROADCASTD SUMS32+4(x)(SI*1), Y1 \
	VPBROADCASTD SUMS32+8(x)(SI*1), Y2 \
	VPBROADCASTD SUMS32+12(x)(SI*1), Y3 \
	VPMADDWD     Y0, Y8, Y0 \
	VPMADDWD     Y1, Y9, Y1 \
	VPMADDWD     Y2, Y10, Y2 \
	VPMADDWD     Y3, Y11, Y3 \
	VPADDD       Y1, Y0, Y0 \
	VPADDD       Y3, Y2, Y2 \
	VPADDD       Y2, Y0, Y0 \
	VBROADCASTSS SCALE(x)(SI*1), Y4 \
	VMULPS       Y6, Y4, Y5 \
	VCVTDQ2PS    at(DX), Y1 \
	VMULPS       Y5, Y1, Y1 \
	VADDPS       at(BX), Y1, Y1 \
	VMULPS       Y7, Y4, Y5 \
	VCVTDQ2PS    Y0, Y0 \
	VMULPS       Y5, Y0, Y0 \
	VSUBPS       Y0, Y1, Y1 \
	VMOVUPS      Y1, at(BX)

// The same for four activations: f is where the factors of these rows are, at where their results.
#define ENDHALFX4(f, at) \
	VPMOVZXBW f(R13), Y8 \
	VPMOVZXBW f+32(R13), Y9 \
	VPMOVZXBW f+64(R13), Y10 \
	VPMOVZXBW f+96(R13), Y11 \
	VCVTPH2PS f+128(R13), Y6 \
	VCVTPH2PS f+160(R13), Y7 \
	ENDHALF(R8, at) \
	ENDHALF(R9, at+64) \
	ENDHALF(R10, at+128) \
	ENDHALF(R11, at+192)

// R13 stands behind the factors, where the offsets are.
#define ENDX4 \
	ENDHALFX4(0, 0) \
	ENDHALFX4(16, 32) \
	PREFETCHT0 PREFETCH-128(R13) \
	PREFETCHT0 PREFETCH-64(R13) \
	PREFETCHT0 PREFETCH(R13) \
	PREFETCHT0 PREFETCH+64(R13) \
	PREFETCHT0 PREFETCH+128(R13) \
	ADDQ $(largeBlock__size-256), SI

// func q4KTileAVX2(w *byte, a *[4]*largeBlock, out *[4][16]float32, blocks int)
TEXT ·q4KTileAVX2(SB), NOSPLIT, $320-32
	SUMSONSTACK
	VPBROADCASTQ low4<>(SB), Y15
	BEGINTILE
	LEAQ const_q4KFactors(DI), R13

block:
	ZEROX4
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
// bit 4, the mask of which is Y14, and join the nibbles low and high.
#define FIFTH(j, at, low, high) \
	VMOVDQU at(R12), Y12 \
	VPSLLW  $(4-j), Y12, Y13 \
	VPSRLW  $j, Y12, Y12 \
	VPAND   Y14, Y13, Y13 \
	VPAND   Y14, Y12, Y12 \
	VPOR    Y13, low, low \
	VPOR    Y12, high, high

#define WEIGHTS5(j) \
	NIBBLES(j) \
	FIFTH(j, 0, Y8, Y9) \
	FIFTH(j, 32, Y10, Y11)

// Two steps of low and of high nibbles are four steps: 8 products, at most 8*31*127 = 31496.
#define PART5X4(which) \
	WEIGHTS5(0) \
	BEGIN4X4(0) \
	WEIGHTS5(1) \
	TOKEN4X4(1) \
	SCALEDX4(which) \
	WEIGHTS5(2) \
	BEGIN4X4(2) \
	WEIGHTS5(3) \
	TOKEN4X4(3) \
	SCALEDX4(which) \
	PREFETCHT0 PREFETCH(R12) \
	ADDQ $256, DI \
	ADDQ $64, R12 \
	ADDQ $32, SI

// func q5KTileAVX2(w *byte, a *[4]*largeBlock, out *[4][16]float32, blocks int)
TEXT ·q5KTileAVX2(SB), NOSPLIT, $320-32
	SUMSONSTACK
	VPBROADCASTQ low4<>(SB), Y15
	VPBROADCASTQ bit4<>(SB), Y14
	BEGINTILE
	LEAQ const_q5KFactors(DI), R13
	LEAQ const_q5KFifth(DI), R12

block:
	ZEROX4
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

// Q6_K: the weights of the four steps of a part of 16, 8 rows, at w: Y0 to Y3. low and high are the masks;
// t and u are spent.
#define SIX(w, low, high, t, u) \
	VMOVDQU w(DI), Y0 \
	VMOVDQU w+64(DI), Y1 \
	VMOVDQU w+128(DI), t \
	VPSRLW  $4, Y0, Y2 \
	VPSRLW  $4, Y1, Y3 \
	VPAND   low, Y0, Y0 \
	VPAND   low, Y1, Y1 \
	VPAND   low, Y2, Y2 \
	VPAND   low, Y3, Y3 \
	VPSLLW  $4, t, u \
	VPAND   high, u, u \
	VPOR    u, Y0, Y0 \
	VPSLLW  $2, t, u \
	VPAND   high, u, u \
	VPOR    u, Y1, Y1 \
	VPAND   high, t, u \
	VPOR    u, Y2, Y2 \
	VPSRLW  $2, t, u \
	VPAND   high, u, u \
	VPOR    u, Y3, Y3

// n += factor (f) * the products of a part, whose x are at. A weight is at most 63, so those of two
// steps, at most 4*63*127 = 32004, fit int16.
#define TOKEN6(at, x, f, n, t, u, v) \
	VPBROADCASTD at(x)(SI*1), t \
	VPBROADCASTD at+4(x)(SI*1), u \
	VPMADDUBSW   t, Y0, t \
	VPMADDUBSW   u, Y1, u \
	VPADDW       u, t, t \
	VPBROADCASTD at+8(x)(SI*1), u \
	VPBROADCASTD at+12(x)(SI*1), v \
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

// A part for 8 rows: weights at w, factors at f, x at, and the sums of four activations.
#define PART6X4(which, w, f, at, n0, n1, n2, n3) \
	SIX(w, low4x32<>(SB), bits45x32<>(SB), Y13, Y14) \
	VPMOVSXBW f(R13), Y12 \
	VPSHUFB   which<>(SB), Y12, Y12 \
	TOKEN6(at, R8, Y12, n0, Y13, Y14, Y15) \
	TOKEN6(at, R9, Y12, n1, Y13, Y14, Y15) \
	TOKEN6(at, R10, Y12, n2, Y13, Y14, Y15) \
	TOKEN6(at, R11, Y12, n3, Y13, Y14, Y15)

// Two parts for 8 rows.
#define PAIR6X4(w, f, n0, n1, n2, n3) \
	VPMOVSXBW f(R13), Y12 \
	VPSLLW    $5, Y12, Y12 \
	MINUS32(R8, Y12, n0, Y13) \
	MINUS32(R9, Y12, n1, Y13) \
	MINUS32(R10, Y12, n2, Y13) \
	MINUS32(R11, Y12, n3, Y13) \
	PART6X4(first, w, f, 0, n0, n1, n2, n3) \
	PART6X4(second, w+192, f, 16, n0, n1, n2, n3)

DATA low4x32<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA low4x32<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA low4x32<>+16(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA low4x32<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL low4x32<>(SB), RODATA|NOPTR, $32
DATA bits45x32<>+0(SB)/8, $0x3030303030303030
DATA bits45x32<>+8(SB)/8, $0x3030303030303030
DATA bits45x32<>+16(SB)/8, $0x3030303030303030
DATA bits45x32<>+24(SB)/8, $0x3030303030303030
GLOBL bits45x32<>(SB), RODATA|NOPTR, $32

#define PREFETCH6 \
	PREFETCHT0 5040(DI) \
	PREFETCHT0 5104(DI) \
	PREFETCHT0 5168(DI) \
	PREFETCHT0 5232(DI) \
	PREFETCHT0 5296(DI)

// func q6KTileAVX2(w *byte, a *[4]*largeBlock, out *[4][16]float32, blocks int)
// The sums are in Y4 to Y11, two for each activation; AX is where those of x are, DX counts pairs.
TEXT ·q6KTileAVX2(SB), NOSPLIT, $0-32
	BEGINTILE
	LEAQ const_q6KFactors(DI), R13

block:
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	VPXOR Y6, Y6, Y6
	VPXOR Y7, Y7, Y7
	VPXOR Y8, Y8, Y8
	VPXOR Y9, Y9, Y9
	VPXOR Y10, Y10, Y10
	VPXOR Y11, Y11, Y11
	LEAQ  largeBlock_sums16(SI), AX
	MOVQ  $8, DX

pair:
	PAIR6X4(0, 0, Y4, Y6, Y8, Y10)
	PREFETCH6
	PREFETCHT0 5360(DI)
	PAIR6X4(32, 16, Y5, Y7, Y9, Y11)
	ADDQ $384, DI
	ADDQ $32, R13
	ADDQ $32, SI
	ADDQ $4, AX
	DECQ DX
	JNZ  pair
	VMOVAPS Y8, Y0
	VMOVAPS Y9, Y1
	VCVTPH2PS (R13), Y8
	VCVTPH2PS 16(R13), Y9
	FINISH(SCALE, R8, Y4, Y5, 0)
	FINISH(SCALE, R9, Y6, Y7, 64)
	FINISH(SCALE, R10, Y0, Y1, 128)
	FINISH(SCALE, R11, Y10, Y11, 192)
	PREFETCH6
	ADDQ $(largeBlock__size-256), SI
	ADDQ $(const_q6KGroup-3072), DI
	ADDQ $(const_q6KGroup-256), R13
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

// One part of one activation for 8 rows at w, factors at f.
#define PART6X1(which, w, f, at, n) \
	SIX(w, Y15, Y14, Y6, Y7) \
	VPMOVSXBW f(R13), Y8 \
	VPSHUFB   which<>(SB), Y8, Y8 \
	TOKEN6(at, R8, Y8, n, Y9, Y10, Y11)

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
	PART6X1(first, 0, 0, 0, Y4) \
	PART6X1(first, 32, 16, 0, Y5) \
	PART6X1(second, 192, 0, 16, Y4) \
	PART6X1(second, 224, 16, 16, Y5) \
	PREFETCH6 \
	PREFETCHT0 5360(DI) \
	ADDQ $384, DI \
	ADDQ $32, R13 \
	ADDQ $32, SI \
	ADDQ $4, AX

// func q6KAVX2(w *byte, a *largeBlock, out *float32, blocks, groups int)
TEXT ·q6KAVX2(SB), NOSPLIT, $0-40
	MOVQ         w+0(FP), DI
	LEAQ         const_q6KFactors(DI), R13
	MOVQ         a+8(FP), R8
	MOVQ         out+16(FP), BX
	MOVQ         groups+32(FP), R9
	VPBROADCASTQ low4<>(SB), Y15
	VPBROADCASTQ bits45<>(SB), Y14

group:
	XORQ  SI, SI
	MOVQ  blocks+24(FP), CX
	VPXOR Y12, Y12, Y12
	VPXOR Y13, Y13, Y13

block:
	VPXOR Y4, Y4, Y4
	VPXOR Y5, Y5, Y5
	LEAQ  largeBlock_sums16(SI), AX
	MOVQ  $8, DX

pair:
	PAIR6X1
	DECQ DX
	JNZ  pair
	VBROADCASTSS SCALE(R8)(SI*1), Y2
	FINISHX1(0, Y4, Y12, Y8)
	FINISHX1(16, Y5, Y13, Y9)
	PREFETCH6
	ADDQ $(largeBlock__size-256), SI
	ADDQ $(const_q6KGroup-3072), DI
	ADDQ $(const_q6KGroup-256), R13
	DECQ CX
	JNZ  block
	VMOVUPS Y12, (BX)
	VMOVUPS Y13, 32(BX)
	ADDQ $64, BX
	DECQ R9
	JNZ  group
	VZEROUPPER
	RET
