// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// quantizeSmall and quantizeLarge for AVX2. The portable twins are in activation.go. The numbers are
// finite. |x| has the order of its bits as integers. |x * (127/amax)| is below 127.5, so that rounding, to
// nearest even as MXCSR has it in Go, stays within -127 and 127 and packing never saturates.

#include "textflag.h"
#include "go_asm.h"

DATA f127<>+0(SB)/4, $127.0
GLOBL f127<>(SB), RODATA|NOPTR, $4
DATA infinity<>+0(SB)/4, $0x7f800000
GLOBL infinity<>(SB), RODATA|NOPTR, $4
DATA magnitude<>+0(SB)/4, $0x7fffffff
GLOBL magnitude<>(SB), RODATA|NOPTR, $4
DATA ones16<>+0(SB)/8, $0x0001000100010001
GLOBL ones16<>(SB), RODATA|NOPTR, $8
DATA ones8<>+0(SB)/8, $0x0101010101010101
GLOBL ones8<>(SB), RODATA|NOPTR, $8

// The order in which packing in lanes leaves groups of four bytes.
DATA order<>+0(SB)/8, $0x0000000400000000
DATA order<>+8(SB)/8, $0x0000000500000001
DATA order<>+16(SB)/8, $0x0000000600000002
DATA order<>+24(SB)/8, $0x0000000700000003
GLOBL order<>(SB), RODATA|NOPTR, $32

#define CONSTANTS \
	VPBROADCASTD magnitude<>(SB), Y15 \
	VPBROADCASTD infinity<>(SB), Y14 \
	VBROADCASTSS f127<>(SB), Y13 \
	VMOVDQU      order<>(SB), Y12 \
	VPBROADCASTQ ones16<>(SB), Y11 \
	VPBROADCASTQ ones8<>(SB), Y10

// Y4 = the largest |x| so far, of 32 more.
#define LARGEST(x) \
	VPAND   0(x), Y15, Y0 \
	VPAND   32(x), Y15, Y1 \
	VPAND   64(x), Y15, Y2 \
	VPAND   96(x), Y15, Y3 \
	VPMAXSD Y1, Y0, Y0 \
	VPMAXSD Y3, Y2, Y2 \
	VPMAXSD Y0, Y4, Y4 \
	VPMAXSD Y2, Y4, Y4

// From the lanes of Y4: in all lanes, Y5 = 127/amax and Y6 = amax/127, both 0 if 127/amax is infinite
// (as it is for amax = 0).
#define FACTORS \
	VEXTRACTI128 $1, Y4, X5 \
	VPMAXSD      X5, X4, X4 \
	VPSHUFD      $0x4e, X4, X5 \
	VPMAXSD      X5, X4, X4 \
	VPSHUFD      $0xb1, X4, X5 \
	VPMAXSD      X5, X4, X4 \
	VPBROADCASTD X4, Y4 \
	VDIVPS       Y4, Y13, Y5 \
	VDIVPS       Y13, Y4, Y6 \
	VPCMPEQD     Y14, Y5, Y7 \
	VPANDN       Y5, Y7, Y5 \
	VPANDN       Y6, Y7, Y6

// Y0 = 32 numbers times Y5, rounded to bytes.
#define BYTES(x) \
	VMULPS    0(x), Y5, Y0 \
	VMULPS    32(x), Y5, Y1 \
	VMULPS    64(x), Y5, Y2 \
	VMULPS    96(x), Y5, Y3 \
	VCVTPS2DQ Y0, Y0 \
	VCVTPS2DQ Y1, Y1 \
	VCVTPS2DQ Y2, Y2 \
	VCVTPS2DQ Y3, Y3 \
	VPACKSSDW Y1, Y0, Y0 \
	VPACKSSDW Y3, Y2, Y2 \
	VPACKSSWB Y2, Y0, Y0 \
	VPERMD    Y0, Y12, Y0

// X0, X1 = in each int32, the sum of the first and of the second 16 bytes.
#define SUMS \
	VPMADDUBSW   Y0, Y10, Y0 \
	VPMADDWD     Y11, Y0, Y0 \
	VPHADDD      Y0, Y0, Y0 \
	VPHADDD      Y0, Y0, Y0 \
	VEXTRACTI128 $1, Y0, X1

// func quantizeSmallAVX2(b *smallBlock, x *float32, blocks int)
TEXT ·quantizeSmallAVX2(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ blocks+16(FP), CX
	CONSTANTS

block:
	VPXOR   Y4, Y4, Y4
	LARGEST(SI)
	FACTORS
	BYTES(SI)
	VMOVDQU Y0, (DI)
	VMOVSS  X6, smallBlock_scale(DI)
	SUMS
	VPADDD  X1, X0, X0
	VMOVD   X0, smallBlock_sum(DI)
	ADDQ    $128, SI
	ADDQ    $smallBlock__size, DI
	DECQ    CX
	JNZ     block
	VZEROUPPER
	RET

// func quantizeLargeAVX2(b *largeBlock, x *float32, blocks int)
TEXT ·quantizeLargeAVX2(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ blocks+16(FP), CX
	CONSTANTS

block:
	VPXOR Y4, Y4, Y4
	MOVQ  $8, DX
	MOVQ  SI, R8

most:
	LARGEST(R8)
	ADDQ   $128, R8
	DECQ   DX
	JNZ    most
	FACTORS
	VMOVSS X6, largeBlock_scale(DI)
	XORQ   DX, DX // which 32 numbers

part:
	BYTES(SI)
	MOVQ    DX, R8
	SHLQ    $5, R8
	VMOVDQU Y0, (DI)(R8*1)
	SUMS
	VMOVD   X0, R9
	VMOVD   X1, R10
	MOVW    R9, largeBlock_sums16(DI)(DX*4)
	MOVW    R10, largeBlock_sums16+2(DI)(DX*4)
	ADDL    R10, R9
	MOVW    R9, largeBlock_sums32(DI)(DX*2)
	ADDQ    $128, SI
	INCQ    DX
	CMPQ    DX, $8
	JNE     part
	ADDQ    $largeBlock__size, DI
	DECQ    CX
	JNZ     block
	VZEROUPPER
	RET
