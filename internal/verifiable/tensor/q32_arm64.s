// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// dotQ8 and dotQ4 for arm64 with dot products (FEAT_DotProd): four registers hold the 16 rows. The
// portable twins are in q32.go. Integers are exact, and each row's floats meet the same operations in the
// same order: widen d, d*scale, f32(n), their product, the sum.

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// A step of four signed weights of 16 rows, V4 to V7, with x[i] of V16 or V17, to V0 to V3.
#define STEP8(x, i) \
	VLD1.P 64(R0), [V4.B16, V5.B16, V6.B16, V7.B16] \
	SDOT(0, 4, x, i) \
	SDOT(1, 5, x, i) \
	SDOT(2, 6, x, i) \
	SDOT(3, 7, x, i)

// acc += f32(n) * (d * V30), d being widened in V22
#define FINISH(n, acc) \
	FMUL4(22, 22, 30) \
	SCVTF4(n, n) \
	FMUL4(n, n, 22) \
	FADD4(acc, acc, n)

// The factors of 16 rows, at R0, with the sums V0 to V3 and the results V24 to V27.
#define FINISHGROUP \
	VLD1.P 32(R0), [V20.B16, V21.B16] \
	WIDENL4(22, 20) \
	FINISH(0, 24) \
	WIDENH4(22, 20) \
	FINISH(1, 25) \
	WIDENL4(22, 21) \
	FINISH(2, 26) \
	WIDENH4(22, 21) \
	FINISH(3, 27)

// func q8NEON(w *byte, a *smallBlock, out *float32, blocks, groups int)
TEXT ·q8NEON(SB), NOSPLIT, $0-40
	MOVD w+0(FP), R0
	MOVD out+16(FP), R3
	MOVD groups+32(FP), R6

group:
	MOVD a+8(FP), R1
	MOVD blocks+24(FP), R5
	CLEAR4(V24, V25, V26, V27)

block:
	CLEAR4(V0, V1, V2, V3)
	VLD1  (R1), [V16.B16, V17.B16]
	ADD   $smallBlock_scale, R1, R2
	VLD1R (R2), [V30.S4]
	ADD   $smallBlock__size, R1
	STEP8(16, 0)
	STEP8(16, 1)
	STEP8(16, 2)
	STEP8(16, 3)
	STEP8(17, 0)
	STEP8(17, 1)
	STEP8(17, 2)
	STEP8(17, 3)
	FINISHGROUP
	SUB   $1, R5
	CBNZ  R5, block
	VST1.P [V24.S4, V25.S4, V26.S4, V27.S4], 64(R3)
	SUB   $1, R6
	CBNZ  R6, group
	RET

// Two steps of Q4_0: the low nibbles with x[i] of V16, the high ones with x[i] of V17.
#define STEP4(i) \
	VLD1.P 64(R0), [V4.B16, V5.B16, V6.B16, V7.B16] \
	VAND   V31.B16, V4.B16, V8.B16 \
	VAND   V31.B16, V5.B16, V9.B16 \
	VAND   V31.B16, V6.B16, V10.B16 \
	VAND   V31.B16, V7.B16, V11.B16 \
	VUSHR  $4, V4.B16, V4.B16 \
	VUSHR  $4, V5.B16, V5.B16 \
	VUSHR  $4, V6.B16, V6.B16 \
	VUSHR  $4, V7.B16, V7.B16 \
	SDOT(0, 8, 16, i) \
	SDOT(1, 9, 16, i) \
	SDOT(2, 10, 16, i) \
	SDOT(3, 11, 16, i) \
	SDOT(0, 4, 17, i) \
	SDOT(1, 5, 17, i) \
	SDOT(2, 6, 17, i) \
	SDOT(3, 7, 17, i)

// The sums of an activation start with -8 times the sum of x, at R2.
#define TAKEOFF(t, a, b, c, d) \
	VLD1R (R2), [t.S4] \
	VSHL  $3, t.S4, t.S4 \
	CLEAR4(a, b, c, d) \
	VSUB  t.S4, a.S4, a.S4 \
	VSUB  t.S4, b.S4, b.S4 \
	VSUB  t.S4, c.S4, c.S4 \
	VSUB  t.S4, d.S4, d.S4

// func q4NEON(w *byte, a *smallBlock, out *float32, blocks, groups int)
TEXT ·q4NEON(SB), NOSPLIT, $0-40
	MOVD w+0(FP), R0
	MOVD out+16(FP), R3
	MOVD groups+32(FP), R6
	MOVD $15, R7
	VDUP R7, V31.B16

group:
	MOVD a+8(FP), R1
	MOVD blocks+24(FP), R5
	CLEAR4(V24, V25, V26, V27)

block:
	ADD   $smallBlock_sum, R1, R2
	TAKEOFF(V29, V0, V1, V2, V3)
	VLD1  (R1), [V16.B16, V17.B16]
	ADD   $smallBlock_scale, R1, R2
	VLD1R (R2), [V30.S4]
	ADD   $smallBlock__size, R1
	STEP4(0)
	STEP4(1)
	STEP4(2)
	STEP4(3)
	FINISHGROUP
	SUB   $1, R5
	CBNZ  R5, block
	VST1.P [V24.S4, V25.S4, V26.S4, V27.S4], 64(R3)
	SUB   $1, R6
	CBNZ  R6, group
	RET

// A tile: four activations at R8 to R11, their bytes in V20 to V27, two registers each; sums of
// activation t in V(4t) to V(4t+3). Weights in V16 to V19 (first is the first of four registers).
#define TOKENS(first, half, i) \
	SDOT(0, first, 20+half, i) \
	SDOT(1, first+1, 20+half, i) \
	SDOT(2, first+2, 20+half, i) \
	SDOT(3, first+3, 20+half, i) \
	SDOT(4, first, 22+half, i) \
	SDOT(5, first+1, 22+half, i) \
	SDOT(6, first+2, 22+half, i) \
	SDOT(7, first+3, 22+half, i) \
	SDOT(8, first, 24+half, i) \
	SDOT(9, first+1, 24+half, i) \
	SDOT(10, first+2, 24+half, i) \
	SDOT(11, first+3, 24+half, i) \
	SDOT(12, first, 26+half, i) \
	SDOT(13, first+1, 26+half, i) \
	SDOT(14, first+2, 26+half, i) \
	SDOT(15, first+3, 26+half, i)

#define STEP8X4(half, i) \
	VLD1.P 64(R0), [V16.B16, V17.B16, V18.B16, V19.B16] \
	TOKENS(16, half, i)

#define STEP4X4(i) \
	VLD1.P 64(R0), [V16.B16, V17.B16, V18.B16, V19.B16] \
	VUSHR  $4, V16.B16, V28.B16 \
	VUSHR  $4, V17.B16, V29.B16 \
	VUSHR  $4, V18.B16, V30.B16 \
	VUSHR  $4, V19.B16, V31.B16 \
	VSHL   $4, V16.B16, V16.B16 \
	VSHL   $4, V17.B16, V17.B16 \
	VSHL   $4, V18.B16, V18.B16 \
	VSHL   $4, V19.B16, V19.B16 \
	VUSHR  $4, V16.B16, V16.B16 \
	VUSHR  $4, V17.B16, V17.B16 \
	VUSHR  $4, V18.B16, V18.B16 \
	VUSHR  $4, V19.B16, V19.B16 \
	TOKENS(16, 0, i) \
	TOKENS(28, 1, i)

#define LOADX4 \
	VLD1 (R8), [V20.B16, V21.B16] \
	VLD1 (R9), [V22.B16, V23.B16] \
	VLD1 (R10), [V24.B16, V25.B16] \
	VLD1 (R11), [V26.B16, V27.B16]

// The results of one activation at x, in memory at R4: each += f32(n) * (d * scale), d in V16 to V19.
#define FINISHX4(x, n) \
	ADD   $smallBlock_scale, x, R2 \
	VLD1R (R2), [V20.S4] \
	VLD1  (R4), [V24.S4, V25.S4, V26.S4, V27.S4] \
	ROWS4(n, 16, 24) \
	ROWS4(n+1, 17, 25) \
	ROWS4(n+2, 18, 26) \
	ROWS4(n+3, 19, 27) \
	VST1.P [V24.S4, V25.S4, V26.S4, V27.S4], 64(R4) \
	ADD   $smallBlock__size, x

#define ROWS4(n, factor, acc) \
	FMUL4(21, factor, 20) \
	SCVTF4(n, n) \
	FMUL4(n, n, 21) \
	FADD4(acc, acc, n)

#define FINISHTILE \
	VLD1.P 32(R0), [V28.B16, V29.B16] \
	WIDENL4(16, 28) \
	WIDENH4(17, 28) \
	WIDENL4(18, 29) \
	WIDENH4(19, 29) \
	MOVD R3, R4 \
	FINISHX4(R8, 0) \
	FINISHX4(R9, 4) \
	FINISHX4(R10, 8) \
	FINISHX4(R11, 12)

#define BEGINTILE \
	MOVD w+0(FP), R0 \
	MOVD a+8(FP), R1 \
	MOVD out+16(FP), R3 \
	MOVD blocks+24(FP), R5 \
	MOVD 0(R1), R8 \
	MOVD 8(R1), R9 \
	MOVD 16(R1), R10 \
	MOVD 24(R1), R11 \
	MOVD R3, R4 \
	CLEAR4(V0, V1, V2, V3) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R4) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R4) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R4) \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R4)

// func q8TileNEON(w *byte, a *[4]*smallBlock, out *[4][16]float32, blocks int)
TEXT ·q8TileNEON(SB), NOSPLIT, $0-32
	BEGINTILE

block:
	CLEAR4(V0, V1, V2, V3)
	CLEAR4(V4, V5, V6, V7)
	CLEAR4(V8, V9, V10, V11)
	CLEAR4(V12, V13, V14, V15)
	LOADX4
	STEP8X4(0, 0)
	STEP8X4(0, 1)
	STEP8X4(0, 2)
	STEP8X4(0, 3)
	STEP8X4(1, 0)
	STEP8X4(1, 1)
	STEP8X4(1, 2)
	STEP8X4(1, 3)
	FINISHTILE
	SUB  $1, R5
	CBNZ R5, block
	RET

// func q4TileNEON(w *byte, a *[4]*smallBlock, out *[4][16]float32, blocks int)
TEXT ·q4TileNEON(SB), NOSPLIT, $0-32
	BEGINTILE

block:
	ADD  $smallBlock_sum, R8, R2
	TAKEOFF(V28, V0, V1, V2, V3)
	ADD  $smallBlock_sum, R9, R2
	TAKEOFF(V28, V4, V5, V6, V7)
	ADD  $smallBlock_sum, R10, R2
	TAKEOFF(V28, V8, V9, V10, V11)
	ADD  $smallBlock_sum, R11, R2
	TAKEOFF(V28, V12, V13, V14, V15)
	LOADX4
	STEP4X4(0)
	STEP4X4(1)
	STEP4X4(2)
	STEP4X4(3)
	FINISHTILE
	SUB  $1, R5
	CBNZ R5, block
	RET
