// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// dotF32, dotF16 and dotBF16 for AVX2, all 16 rows: acc = acc + w*x, column after column, the product
// rounded before it is added. The portable twins are in float.go.

#include "textflag.h"

// Y0, Y1 = the weights of a column, widened; DI moves on.
#define COLUMNF32 \
	VMOVUPS (DI), Y0 \
	VMOVUPS 32(DI), Y1 \
	ADDQ    $64, DI

#define COLUMNF16 \
	VCVTPH2PS (DI), Y0 \
	VCVTPH2PS 16(DI), Y1 \
	ADDQ      $32, DI

#define COLUMNBF16 \
	VPMOVZXWD (DI), Y0 \
	VPMOVZXWD 16(DI), Y1 \
	VPSLLD    $16, Y0, Y0 \
	VPSLLD    $16, Y1, Y1 \
	ADDQ      $32, DI

// One activation at SI, of CX numbers.
#define STREAM(COLUMN) \
	MOVQ w+0(FP), DI \
	MOVQ out+16(FP), R8 \
	MOVQ groups+32(FP), R10 \
group: \
	MOVQ   a+8(FP), SI \
	MOVQ   columns+24(FP), CX \
	VXORPS Y4, Y4, Y4 \
	VXORPS Y5, Y5, Y5 \
column: \
	COLUMN \
	VBROADCASTSS (SI), Y2 \
	VMULPS Y2, Y0, Y0 \
	VMULPS Y2, Y1, Y1 \
	VADDPS Y0, Y4, Y4 \
	VADDPS Y1, Y5, Y5 \
	PREFETCHT0 4096(DI) \
	ADDQ   $4, SI \
	DECQ   CX \
	JNZ    column \
	VMOVUPS Y4, (R8) \
	VMOVUPS Y5, 32(R8) \
	ADDQ   $64, R8 \
	DECQ   R10 \
	JNZ    group \
	VZEROUPPER \
	RET

// func f32AVX2(w *byte, a *float32, out *float32, columns, groups int)
TEXT ·f32AVX2(SB), NOSPLIT, $0-40
	STREAM(COLUMNF32)

// func f16AVX2(w *byte, a *float32, out *float32, columns, groups int)
TEXT ·f16AVX2(SB), NOSPLIT, $0-40
	STREAM(COLUMNF16)

// func bf16AVX2(w *byte, a *float32, out *float32, columns, groups int)
TEXT ·bf16AVX2(SB), NOSPLIT, $0-40
	STREAM(COLUMNBF16)

#define TOKEN(x, a, b, t) \
	VBROADCASTSS (x)(SI*4), t \
	VMULPS       t, Y0, Y2 \
	VMULPS       t, Y1, Y3 \
	VADDPS       Y2, a, a \
	VADDPS       Y3, b, b

// Four activations at R8 to R11.
#define TILE(COLUMN) \
	MOVQ w+0(FP), DI \
	MOVQ a+8(FP), AX \
	MOVQ 0(AX), R8 \
	MOVQ 8(AX), R9 \
	MOVQ 16(AX), R10 \
	MOVQ 24(AX), R11 \
	MOVQ out+16(FP), BX \
	MOVQ columns+24(FP), CX \
	XORQ SI, SI \
	VXORPS Y4, Y4, Y4 \
	VXORPS Y5, Y5, Y5 \
	VXORPS Y6, Y6, Y6 \
	VXORPS Y7, Y7, Y7 \
	VXORPS Y8, Y8, Y8 \
	VXORPS Y9, Y9, Y9 \
	VXORPS Y10, Y10, Y10 \
	VXORPS Y11, Y11, Y11 \
column: \
	COLUMN \
	TOKEN(R8, Y4, Y5, Y12) \
	TOKEN(R9, Y6, Y7, Y13) \
	TOKEN(R10, Y8, Y9, Y14) \
	TOKEN(R11, Y10, Y11, Y15) \
	INCQ SI \
	CMPQ SI, CX \
	JNE  column \
	VMOVUPS Y4, 0(BX) \
	VMOVUPS Y5, 32(BX) \
	VMOVUPS Y6, 64(BX) \
	VMOVUPS Y7, 96(BX) \
	VMOVUPS Y8, 128(BX) \
	VMOVUPS Y9, 160(BX) \
	VMOVUPS Y10, 192(BX) \
	VMOVUPS Y11, 224(BX) \
	VZEROUPPER \
	RET

// func f32TileAVX2(w *byte, a *[4]*float32, out *[4][16]float32, columns int)
TEXT ·f32TileAVX2(SB), NOSPLIT, $0-32
	TILE(COLUMNF32)

// func f16TileAVX2(w *byte, a *[4]*float32, out *[4][16]float32, columns int)
TEXT ·f16TileAVX2(SB), NOSPLIT, $0-32
	TILE(COLUMNF16)

// func bf16TileAVX2(w *byte, a *[4]*float32, out *[4][16]float32, columns int)
TEXT ·bf16TileAVX2(SB), NOSPLIT, $0-32
	TILE(COLUMNBF16)
