// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// dotQ4K, dotQ5K and dotQ6K for arm64 with dot products. The portable twins are in q256.go. Integers are
// exact: the sums of a part by SDOT, whose weights are at most 63, then n += factor * sum in int32. Each
// row's floats meet the operations of the twin in their order.
//
// One activation meets all 16 rows, in four registers. A tile of four meets rows 0 to 7 first, then rows 8
// to 15, whose weights lie 32 bytes on, factors and d 16: so all sums of a block stay in registers.
// R0 points at the weights and R1 at the factors.

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// The offset of a field of largeBlock from where a pointer stands after a block's 256 bytes.
#define SUMS16 (largeBlock_sums16-256)
#define SUMS32 (largeBlock_sums32-256)
#define SCALE (largeBlock_scale-256)

// ---- One activation at R2. Sums of a part in V0 to V7, n in V28 to V31, results in V24 to V27.

// The sums of low weights, V8 to V11, with x[i] of V16, and of high ones, V12 to V15, with x[i] of V17.
#define PRODUCTS(i) \
	SDOT(0, 8, 16, i) \
	SDOT(1, 9, 16, i) \
	SDOT(2, 10, 16, i) \
	SDOT(3, 11, 16, i) \
	SDOT(4, 12, 17, i) \
	SDOT(5, 13, 17, i) \
	SDOT(6, 14, 17, i) \
	SDOT(7, 15, 17, i)

// n += factor * sum, the factors of 16 rows being even bytes at R1 (uzp is VUZP1) or odd ones (VUZP2).
#define SCALED(uzp) \
	VLD1    (R1), [V8.B16, V9.B16] \
	uzp     V9.B16, V8.B16, V10.B16 \
	VUXTL   V10.B8, V11.H8 \
	VUXTL2  V10.B16, V12.H8 \
	VUXTL   V11.H4, V8.S4 \
	VUXTL2  V11.H8, V9.S4 \
	VUXTL   V12.H4, V10.S4 \
	VUXTL2  V12.H8, V11.S4 \
	MULTIPLY

#define MULTIPLY \
	MLA4(28, 0, 8) \
	MLA4(29, 1, 9) \
	MLA4(30, 2, 10) \
	MLA4(31, 3, 11)

// A part starts with its 32 bytes of x and ends with its sums in V0 to V3.
#define BEGINPART \
	VLD1.P 32(R2), [V16.B16, V17.B16] \
	CLEAR4(V0, V1, V2, V3) \
	CLEAR4(V4, V5, V6, V7)

#define ENDPART(uzp) \
	VADD V4.S4, V0.S4, V0.S4 \
	VADD V5.S4, V1.S4, V1.S4 \
	VADD V6.S4, V2.S4, V2.S4 \
	VADD V7.S4, V3.S4, V3.S4 \
	SCALED(uzp)

// o, in V0 to V3, += the offsets of two parts, at R1, times the sums of x at R8.
#define OFFSETS \
	VLD1.P  32(R1), [V8.B16, V9.B16] \
	VLD1R.P 2(R8), [V16.H8] \
	VLD1R.P 2(R8), [V17.H8] \
	VUZP1   V9.B16, V8.B16, V10.B16 \
	VUZP2   V9.B16, V8.B16, V11.B16 \
	VUXTL   V10.B8, V12.H8 \
	VUXTL2  V10.B16, V13.H8 \
	VUXTL   V11.B8, V14.H8 \
	VUXTL2  V11.B16, V15.H8 \
	SMLALL(0, 12, 16) \
	SMLALH(1, 12, 16) \
	SMLALL(2, 13, 16) \
	SMLALH(3, 13, 16) \
	SMLALL(0, 14, 17) \
	SMLALH(1, 14, 17) \
	SMLALL(2, 15, 17) \
	SMLALH(3, 15, 17)

// The next 16 d or dmin, at R1, widened, in V8 to V11.
#define HALFS \
	VLD1.P 32(R1), [V12.H8, V13.H8] \
	WIDENL4(8, 12) \
	WIDENH4(9, 12) \
	WIDENL4(10, 13) \
	WIDENH4(11, 13)

// acc = acc op f32(n) * (d * V16). d and n are spent.
#define ROUNDED(op, acc, n, d) \
	FMUL4(d, d, 16) \
	SCVTF4(n, n) \
	FMUL4(n, n, d) \
	op(acc, acc, n)

// The results += n times d at R1.
#define ENDSUMS \
	ADD   $SCALE, R2, R8 \
	VLD1R (R8), [V16.S4] \
	HALFS \
	ROUNDED(FADD4, 24, 28, 8) \
	ROUNDED(FADD4, 25, 29, 9) \
	ROUNDED(FADD4, 26, 30, 10) \
	ROUNDED(FADD4, 27, 31, 11)

// The end of a block of Q4_K and Q5_K: R1 stands at the offsets. Then the weights go on behind dmin.
#define ENDBLOCK \
	ADD $SUMS32, R2, R8 \
	CLEAR4(V0, V1, V2, V3) \
	OFFSETS \
	OFFSETS \
	OFFSETS \
	OFFSETS \
	ENDSUMS \
	HALFS \
	ROUNDED(FSUB4, 24, 0, 8) \
	ROUNDED(FSUB4, 25, 1, 9) \
	ROUNDED(FSUB4, 26, 2, 10) \
	ROUNDED(FSUB4, 27, 3, 11) \
	ADD  $(largeBlock__size-256), R2 \
	MOVD R1, R0

// Two steps of Q4_K: the low nibbles and the high ones. V18 is 15 in each byte.
#define STEP4(i) \
	VLD1.P 64(R0), [V8.B16, V9.B16, V10.B16, V11.B16] \
	VUSHR  $4, V8.B16, V12.B16 \
	VUSHR  $4, V9.B16, V13.B16 \
	VUSHR  $4, V10.B16, V14.B16 \
	VUSHR  $4, V11.B16, V15.B16 \
	VAND   V18.B16, V8.B16, V8.B16 \
	VAND   V18.B16, V9.B16, V9.B16 \
	VAND   V18.B16, V10.B16, V10.B16 \
	VAND   V18.B16, V11.B16, V11.B16 \
	PRODUCTS(i)

#define PART4(uzp) \
	BEGINPART \
	STEP4(0) \
	STEP4(1) \
	STEP4(2) \
	STEP4(3) \
	ENDPART(uzp)

// func q4KNEON(w *byte, a *largeBlock, out *float32, blocks, groups int)
TEXT ·q4KNEON(SB), NOSPLIT, $0-40
	MOVD  w+0(FP), R0
	MOVD  out+16(FP), R3
	MOVD  groups+32(FP), R6
	VMOVI $15, V18.B16

group:
	MOVD a+8(FP), R2
	MOVD blocks+24(FP), R5
	CLEAR4(V24, V25, V26, V27)

block:
	ADD  $const_q4KFactors, R0, R1
	CLEAR4(V28, V29, V30, V31)
	MOVD $4, R7

pair:
	PART4(VUZP1)
	PART4(VUZP2)
	ADD  $32, R1
	SUB  $1, R7
	CBNZ R7, pair
	ENDBLOCK
	SUB  $1, R5
	CBNZ R5, block
	VST1.P [V24.S4, V25.S4, V26.S4, V27.S4], 64(R3)
	SUB  $1, R6
	CBNZ R6, group
	RET

// Q5_K: of the fifth bits f, bit j belongs to the low nibbles of the weights w and bit j+4 to the high
// ones. t = f >> j, of which bits 0 and 4 are kept by the mask m. Then h is t with the high nibbles below
// its upper half, and w its low nibbles with t above.
#define FIFTH(j, f, w, h, t, m) \
	VUSHR $j, f.B16, t.B16 \
	JOIN(t, w, h, t, m)

#define JOIN(f, w, h, t, m) \
	VAND m.B16, f.B16, h.B16 \
	VAND m.B16, f.B16, t.B16 \
	VSRI $4, w.B16, h.B16 \
	VSLI $4, t.B16, w.B16

// The first two steps of Q5_K, and the further ones. V19 is the mask.
#define STEP5FIRST \
	VLD1.P 64(R0), [V8.B16, V9.B16, V10.B16, V11.B16] \
	JOIN(V20, V8, V12, V18, V19) \
	JOIN(V21, V9, V13, V18, V19) \
	JOIN(V22, V10, V14, V18, V19) \
	JOIN(V23, V11, V15, V18, V19) \
	PRODUCTS(0)

#define STEP5(j) \
	VLD1.P 64(R0), [V8.B16, V9.B16, V10.B16, V11.B16] \
	FIFTH(j, V20, V8, V12, V18, V19) \
	FIFTH(j, V21, V9, V13, V18, V19) \
	FIFTH(j, V22, V10, V14, V18, V19) \
	FIFTH(j, V23, V11, V15, V18, V19) \
	PRODUCTS(j)

#define PART5(uzp) \
	BEGINPART \
	VLD1.P 64(R4), [V20.B16, V21.B16, V22.B16, V23.B16] \
	STEP5FIRST \
	STEP5(1) \
	STEP5(2) \
	STEP5(3) \
	ENDPART(uzp)

// func q5KNEON(w *byte, a *largeBlock, out *float32, blocks, groups int)
TEXT ·q5KNEON(SB), NOSPLIT, $0-40
	MOVD  w+0(FP), R0
	MOVD  out+16(FP), R3
	MOVD  groups+32(FP), R6
	VMOVI $17, V19.B16

group:
	MOVD a+8(FP), R2
	MOVD blocks+24(FP), R5
	CLEAR4(V24, V25, V26, V27)

block:
	ADD  $const_q5KFifth, R0, R4
	ADD  $const_q5KFactors, R0, R1
	CLEAR4(V28, V29, V30, V31)
	MOVD $4, R7

pair:
	PART5(VUZP1)
	PART5(VUZP2)
	ADD  $32, R1
	SUB  $1, R7
	CBNZ R7, pair
	ENDBLOCK
	SUB  $1, R5
	CBNZ R5, block
	VST1.P [V24.S4, V25.S4, V26.S4, V27.S4], 64(R3)
	SUB  $1, R6
	CBNZ R6, group
	RET

// Q6_K: the weights of the four steps of a part for four rows, from the low nibbles l of steps 0 and 2 and
// k of 1 and 3 and the upper bits h. They become l, k, v and w. The mask a is 3 in each byte, b 3 << 4.
#define SIX(l, k, h, v, w, t, a, b) \
	VAND  b.B16, h.B16, v.B16 \
	VSRI  $4, l.B16, v.B16 \
	VUSHR $2, h.B16, t.B16 \
	VAND  b.B16, t.B16, w.B16 \
	VSRI  $4, k.B16, w.B16 \
	VAND  a.B16, t.B16, t.B16 \
	VSLI  $4, t.B16, k.B16 \
	VAND  a.B16, h.B16, h.B16 \
	VSLI  $4, h.B16, l.B16

// Four rows, whose sums are in n.
#define ROWS6(n, l, k) \
	SDOT(n, l, 16, 0) \
	SDOT(n, k, 16, 1) \
	SDOT(n, 20, 16, 2) \
	SDOT(n, 21, 16, 3)

// A part of 16: the sums start with -32 times that of x, at R8. V23 is zero.
#define PART6(uzp) \
	VLD1.P  16(R2), [V16.B16] \
	VLD1R.P 2(R8), [V17.H8] \
	TIMES32(17, 17) \
	VSUB    V17.S4, V23.S4, V0.S4 \
	VSUB    V17.S4, V23.S4, V1.S4 \
	VSUB    V17.S4, V23.S4, V2.S4 \
	VSUB    V17.S4, V23.S4, V3.S4 \
	VLD1.P  64(R0), [V4.B16, V5.B16, V6.B16, V7.B16] \
	VLD1.P  64(R0), [V8.B16, V9.B16, V10.B16, V11.B16] \
	VLD1.P  64(R0), [V12.B16, V13.B16, V14.B16, V15.B16] \
	SIX(V4, V8, V12, V20, V21, V22, V18, V19) \
	ROWS6(0, 4, 8) \
	SIX(V5, V9, V13, V20, V21, V22, V18, V19) \
	ROWS6(1, 5, 9) \
	SIX(V6, V10, V14, V20, V21, V22, V18, V19) \
	ROWS6(2, 6, 10) \
	SIX(V7, V11, V15, V20, V21, V22, V18, V19) \
	ROWS6(3, 7, 11) \
	VLD1    (R1), [V4.B16, V5.B16] \
	uzp     V5.B16, V4.B16, V6.B16 \
	SXTL8(4, 6) \
	SXTH8(5, 6) \
	SXTL4(8, 4) \
	SXTH4(9, 4) \
	SXTL4(10, 5) \
	SXTH4(11, 5) \
	MULTIPLY

// func q6KNEON(w *byte, a *largeBlock, out *float32, blocks, groups int)
TEXT ·q6KNEON(SB), NOSPLIT, $0-40
	MOVD  w+0(FP), R0
	MOVD  out+16(FP), R3
	MOVD  groups+32(FP), R6
	VMOVI $0x03, V18.B16
	VMOVI $0x30, V19.B16
	VEOR  V23.B16, V23.B16, V23.B16

group:
	MOVD a+8(FP), R2
	MOVD blocks+24(FP), R5
	CLEAR4(V24, V25, V26, V27)

block:
	ADD  $const_q6KFactors, R0, R1
	ADD  $largeBlock_sums16, R2, R8
	CLEAR4(V28, V29, V30, V31)
	MOVD $8, R7

pair:
	PART6(VUZP1)
	PART6(VUZP2)
	ADD  $32, R1
	SUB  $1, R7
	CBNZ R7, pair
	ENDSUMS
	ADD  $(largeBlock__size-256), R2
	MOVD R1, R0
	SUB  $1, R5
	CBNZ R5, block
	VST1.P [V24.S4, V25.S4, V26.S4, V27.S4], 64(R3)
	SUB  $1, R6
	CBNZ R6, group
	RET

// ---- A tile of four activations, at R8 to R11, with 8 rows. Sums of a part in V0 to V7 and n in V8 to V15:
// those of activation t are 2t, for rows 0 to 3, and 2t+1. Results are in memory at R3. R7 is 64, the bytes
// from a step to the next and from an activation's results to the next one's.

// The halves start at w, their factors at first.
#define BEGINTILE(first) \
	MOVD w+0(FP), R19 \
	MOVD $first, R20 \
	ADD  R19, R20, R20 \
	MOVD out+16(FP), R3 \
	MOVD $64, R7 \
	MOVD $2, R6

#define BEGINHALF \
	MOVD a+8(FP), R2 \
	LDP  0(R2), (R8, R9) \
	LDP  16(R2), (R10, R11) \
	MOVD blocks+24(FP), R5 \
	MOVD R19, R0 \
	MOVD R20, R1 \
	MOVD R3, R4 \
	VEOR V0.B16, V0.B16, V0.B16 \
	VEOR V1.B16, V1.B16, V1.B16 \
	VST1.P [V0.S4, V1.S4], (R4)(R7) \
	VST1.P [V0.S4, V1.S4], (R4)(R7) \
	VST1.P [V0.S4, V1.S4], (R4)(R7) \
	VST1.P [V0.S4, V1.S4], (R4)(R7)

#define ENDHALF \
	ADD $32, R3 \
	ADD $32, R19 \
	ADD $16, R20 \
	SUB $1, R6

// Where the sums of x or the scales are.
#define FIELDS(field) \
	ADD $field, R8, R12 \
	ADD $field, R9, R13 \
	ADD $field, R10, R14 \
	ADD $field, R11, R15

// 32 bytes of each x, in V20 to V27.
#define BEGINPARTX4 \
	VLD1.P 32(R8), [V20.B16, V21.B16] \
	VLD1.P 32(R9), [V22.B16, V23.B16] \
	VLD1.P 32(R10), [V24.B16, V25.B16] \
	VLD1.P 32(R11), [V26.B16, V27.B16] \
	CLEAR4(V0, V1, V2, V3) \
	CLEAR4(V4, V5, V6, V7)

// Weights of four rows, with low x (half = 0) or high x (1); row is 0 or 1.
#define TOKENS(row, w, half, i) \
	SDOT(row, w, 20+half, i) \
	SDOT(row+2, w, 22+half, i) \
	SDOT(row+4, w, 24+half, i) \
	SDOT(row+6, w, 26+half, i)

// The sums of low weights, V16 and V17, with x[i], and of high ones, V18 and V19, with x[16+i].
#define PRODUCTSX4(i) \
	TOKENS(0, 16, 0, i) \
	TOKENS(1, 17, 0, i) \
	TOKENS(0, 18, 1, i) \
	TOKENS(1, 19, 1, i)

// The factors of 8 rows are every other byte at R1.
#define SCALEDX4(uzp) \
	VLD1   (R1), [V16.B16] \
	uzp    V16.B16, V16.B16, V16.B16 \
	VUXTL  V16.B8, V18.H8 \
	VUXTL  V18.H4, V16.S4 \
	VUXTL2 V18.H8, V17.S4 \
	MULTIPLYX4(16)

#define MULTIPLYX4(factors) \
	MLA4(8, 0, factors) \
	MLA4(9, 1, factors+1) \
	MLA4(10, 2, factors) \
	MLA4(11, 3, factors+1) \
	MLA4(12, 4, factors) \
	MLA4(13, 5, factors+1) \
	MLA4(14, 6, factors) \
	MLA4(15, 7, factors+1)

// o, of one activation, += offsets of two parts, V16 and V17, times the sums at x.
#define OFFSETX1(x, o) \
	VLD1R.P 2(x), [V18.H8] \
	VLD1R.P 2(x), [V19.H8] \
	SMLALL(o, 16, 18) \
	SMLALH(o+1, 16, 18) \
	SMLALL(o, 17, 19) \
	SMLALH(o+1, 17, 19)

#define OFFSETSX4 \
	VLD1  (R1), [V18.B16] \
	ADD   $32, R1 \
	VUZP1 V18.B16, V18.B16, V16.B16 \
	VUZP2 V18.B16, V18.B16, V17.B16 \
	VUXTL V16.B8, V16.H8 \
	VUXTL V17.B8, V17.H8 \
	OFFSETX1(R12, 20) \
	OFFSETX1(R13, 22) \
	OFFSETX1(R14, 24) \
	OFFSETX1(R15, 26)

// acc = acc op f32(n) * (d * V16). n is spent.
#define ROUNDEDX4(op, acc, n, d) \
	FMUL4(17, d, 16) \
	SCVTF4(n, n) \
	FMUL4(n, n, 17) \
	op(acc, acc, n)

// One activation's results, in V0 and V1, += n times d, which is in V2 and V3.
#define SUMX1(x, n) \
	VLD1R (x), [V16.S4] \
	VLD1  (R4), [V0.S4, V1.S4] \
	ROUNDEDX4(FADD4, 0, n, 2) \
	ROUNDEDX4(FADD4, 1, n+1, 3)

#define STORE VST1.P [V0.S4, V1.S4], (R4)(R7)

// The same, then -= o times dmin, which is in V4 and V5.
#define SUMOFFSETX1(x, n, o) \
	SUMX1(x, n) \
	ROUNDEDX4(FSUB4, 0, o, 4) \
	ROUNDEDX4(FSUB4, 1, o+1, 5) \
	STORE

#define ENDX \
	ADD $(largeBlock__size-256), R8 \
	ADD $(largeBlock__size-256), R9 \
	ADD $(largeBlock__size-256), R10 \
	ADD $(largeBlock__size-256), R11

// The end of a block of Q4_K and Q5_K: R1 stands at the offsets, and leaves at dmin, 288 bytes behind
// where the factors begin.
#define ENDBLOCKX4 \
	FIELDS(SUMS32) \
	CLEAR4(V20, V21, V22, V23) \
	CLEAR4(V24, V25, V26, V27) \
	OFFSETSX4 \
	OFFSETSX4 \
	OFFSETSX4 \
	OFFSETSX4 \
	VLD1 (R1), [V16.H8] \
	ADD  $32, R1 \
	VLD1 (R1), [V17.H8] \
	WIDENL4(2, 16) \
	WIDENH4(3, 16) \
	WIDENL4(4, 17) \
	WIDENH4(5, 17) \
	FIELDS(SCALE) \
	MOVD R3, R4 \
	SUMOFFSETX1(R12, 8, 20) \
	SUMOFFSETX1(R13, 10, 22) \
	SUMOFFSETX1(R14, 12, 24) \
	SUMOFFSETX1(R15, 14, 26) \
	ENDX

// V28 is 15 in each byte.
#define STEP4X4(i) \
	VLD1.P (R0)(R7), [V16.B16, V17.B16] \
	VUSHR  $4, V16.B16, V18.B16 \
	VUSHR  $4, V17.B16, V19.B16 \
	VAND   V28.B16, V16.B16, V16.B16 \
	VAND   V28.B16, V17.B16, V17.B16 \
	PRODUCTSX4(i)

#define PART4X4(uzp) \
	BEGINPARTX4 \
	STEP4X4(0) \
	STEP4X4(1) \
	STEP4X4(2) \
	STEP4X4(3) \
	SCALEDX4(uzp)

// func q4KTileNEON(w *byte, a *[4]*largeBlock, out *[4][16]float32, blocks int)
TEXT ·q4KTileNEON(SB), NOSPLIT, $0-32
	BEGINTILE(const_q4KFactors)
	VMOVI $15, V28.B16

half:
	BEGINHALF

block:
	CLEAR4(V8, V9, V10, V11)
	CLEAR4(V12, V13, V14, V15)
	MOVD $4, R2

pair:
	PART4X4(VUZP1)
	PART4X4(VUZP2)
	ADD  $32, R1
	SUB  $1, R2
	CBNZ R2, pair
	ENDBLOCKX4
	ADD  $(const_q4KGroup-2048), R0
	ADD  $(const_q4KGroup-288), R1
	SUB  $1, R5
	CBNZ R5, block
	ENDHALF
	CBNZ R6, half
	RET

// Fifth bits of 8 rows in V28 and V29. V30 is the mask.
#define STEP5FIRSTX4 \
	VLD1.P (R0)(R7), [V16.B16, V17.B16] \
	JOIN(V28, V16, V18, V31, V30) \
	JOIN(V29, V17, V19, V31, V30) \
	PRODUCTSX4(0)

#define STEP5X4(j) \
	VLD1.P (R0)(R7), [V16.B16, V17.B16] \
	FIFTH(j, V28, V16, V18, V31, V30) \
	FIFTH(j, V29, V17, V19, V31, V30) \
	PRODUCTSX4(j)

#define PART5X4(uzp) \
	BEGINPARTX4 \
	VLD1.P (R21)(R7), [V28.B16, V29.B16] \
	STEP5FIRSTX4 \
	STEP5X4(1) \
	STEP5X4(2) \
	STEP5X4(3) \
	SCALEDX4(uzp)

// func q5KTileNEON(w *byte, a *[4]*largeBlock, out *[4][16]float32, blocks int)
TEXT ·q5KTileNEON(SB), NOSPLIT, $0-32
	BEGINTILE(const_q5KFactors)
	VMOVI $17, V30.B16

half:
	BEGINHALF
	ADD $const_q5KFifth, R19, R21

block:
	CLEAR4(V8, V9, V10, V11)
	CLEAR4(V12, V13, V14, V15)
	MOVD $4, R2

pair:
	PART5X4(VUZP1)
	PART5X4(VUZP2)
	ADD  $32, R1
	SUB  $1, R2
	CBNZ R2, pair
	ENDBLOCKX4
	ADD  $(const_q5KGroup-2048), R0
	ADD  $(const_q5KGroup-512), R21
	ADD  $(const_q5KGroup-288), R1
	SUB  $1, R5
	CBNZ R5, block
	ENDHALF
	CBNZ R6, half
	RET

// Q6_K: 16 bytes of each x in V16 to V19, zero in V31. The sums start with -32 times that of x.
#define BEGIN6X1(sums, n, m) \
	VLD1R.P 2(sums), [V20.H8] \
	TIMES32(20, 20) \
	VSUB    V20.S4, V31.S4, n.S4 \
	VSUB    V20.S4, V31.S4, m.S4

#define TOKENS6(row, w, i) \
	SDOT(row, w, 16, i) \
	SDOT(row+2, w, 17, i) \
	SDOT(row+4, w, 18, i) \
	SDOT(row+6, w, 19, i)

#define PART6X4(uzp) \
	VLD1.P 16(R8), [V16.B16] \
	VLD1.P 16(R9), [V17.B16] \
	VLD1.P 16(R10), [V18.B16] \
	VLD1.P 16(R11), [V19.B16] \
	BEGIN6X1(R12, V0, V1) \
	BEGIN6X1(R13, V2, V3) \
	BEGIN6X1(R14, V4, V5) \
	BEGIN6X1(R15, V6, V7) \
	VLD1.P (R0)(R7), [V20.B16, V21.B16] \
	VLD1.P (R0)(R7), [V22.B16, V23.B16] \
	VLD1.P (R0)(R7), [V24.B16, V25.B16] \
	SIX(V20, V22, V24, V26, V27, V28, V29, V30) \
	TOKENS6(0, 20, 0) \
	TOKENS6(0, 22, 1) \
	TOKENS6(0, 26, 2) \
	TOKENS6(0, 27, 3) \
	SIX(V21, V23, V25, V26, V27, V28, V29, V30) \
	TOKENS6(1, 21, 0) \
	TOKENS6(1, 23, 1) \
	TOKENS6(1, 26, 2) \
	TOKENS6(1, 27, 3) \
	VLD1 (R1), [V20.B16] \
	uzp  V20.B16, V20.B16, V20.B16 \
	SXTL8(22, 20) \
	SXTL4(20, 22) \
	SXTH4(21, 22) \
	MULTIPLYX4(20)

// func q6KTileNEON(w *byte, a *[4]*largeBlock, out *[4][16]float32, blocks int)
TEXT ·q6KTileNEON(SB), NOSPLIT, $0-32
	BEGINTILE(const_q6KFactors)
	VMOVI $0x03, V29.B16
	VMOVI $0x30, V30.B16
	VEOR  V31.B16, V31.B16, V31.B16

half:
	BEGINHALF

block:
	FIELDS(largeBlock_sums16)
	CLEAR4(V8, V9, V10, V11)
	CLEAR4(V12, V13, V14, V15)
	MOVD $8, R2

pair:
	PART6X4(VUZP1)
	PART6X4(VUZP2)
	ADD  $32, R1
	SUB  $1, R2
	CBNZ R2, pair
	VLD1 (R1), [V16.H8]
	WIDENL4(2, 16)
	WIDENH4(3, 16)
	FIELDS(SCALE)
	MOVD R3, R4
	SUMX1(R12, 8)
	STORE
	SUMX1(R13, 10)
	STORE
	SUMX1(R14, 12)
	STORE
	SUMX1(R15, 14)
	STORE
	ENDX
	ADD  $(const_q6KGroup-3072), R0
	ADD  $(const_q6KGroup-256), R1
	SUB  $1, R5
	CBNZ R5, block
	ENDHALF
	CBNZ R6, half
	RET
