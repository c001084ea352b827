// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// quantizeSmall and quantizeLarge for arm64. The portable twins are in activation.go. The numbers are
// finite. |x| has the order of its bits as integers. |x * (127/amax)| is below 127.5, so that rounding
// stays within -127 and 127, and the low byte of each int32 is all of it.

#include "textflag.h"
#include "go_asm.h"
#include "neon_arm64.h"

// V31 is a mask of magnitudes, V30 infinity, V29 127, V28 zero, V27 ones for the sums.
#define CONSTANTS \
	MOVD $0x7fffffff, R3 \
	VDUP R3, V31.S4 \
	MOVD $0x7f800000, R3 \
	VDUP R3, V30.S4 \
	MOVD $0x42fe0000, R3 \
	VDUP R3, V29.S4 \
	VEOR V28.B16, V28.B16, V28.B16 \
	VMOVI $1, V27.B16

// V16 to V19 = the largest |x| so far, of the 16 more in a to d, which are spent.
#define LARGEST(a, b, c, d) \
	VAND  V31.B16, a.B16, a.B16 \
	VAND  V31.B16, b.B16, b.B16 \
	VAND  V31.B16, c.B16, c.B16 \
	VAND  V31.B16, d.B16, d.B16 \
	VUMAX a.S4, V16.S4, V16.S4 \
	VUMAX b.S4, V17.S4, V17.S4 \
	VUMAX c.S4, V18.S4, V18.S4 \
	VUMAX d.S4, V19.S4, V19.S4

// From V16 to V19: in all lanes, V24 = 127/amax and V25 = amax/127, both 0 if 127/amax is infinite (as
// it is for amax = 0).
#define FACTORS \
	VUMAX V17.S4, V16.S4, V16.S4 \
	VUMAX V19.S4, V18.S4, V18.S4 \
	VUMAX V18.S4, V16.S4, V16.S4 \
	VEXT  $8, V16.B16, V16.B16, V17.B16 \
	VUMAX V17.S4, V16.S4, V16.S4 \
	VEXT  $4, V16.B16, V16.B16, V17.B16 \
	VUMAX V17.S4, V16.S4, V16.S4 \
	FDIV4(24, 29, 16) \
	FDIV4(25, 16, 29) \
	VCMEQ V30.S4, V24.S4, V26.S4 \
	VBIT  V26.B16, V28.B16, V24.B16 \
	VBIT  V26.B16, V28.B16, V25.B16

// q = the next 16 numbers at R1 times V24, rounded to bytes.
#define BYTES(q) \
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4] \
	FMUL4(0, 0, 24) \
	FMUL4(1, 1, 24) \
	FMUL4(2, 2, 24) \
	FMUL4(3, 3, 24) \
	FCVTNS4(0, 0) \
	FCVTNS4(1, 1) \
	FCVTNS4(2, 2) \
	FCVTNS4(3, 3) \
	VUZP1 V1.H8, V0.H8, V0.H8 \
	VUZP1 V3.H8, V2.H8, V2.H8 \
	VUZP1 V2.B16, V0.B16, q.B16

// func quantizeSmallNEON(b *smallBlock, x *float32, blocks int)
TEXT ·quantizeSmallNEON(SB), NOSPLIT, $0-24
	MOVD b+0(FP), R0
	MOVD x+8(FP), R1
	MOVD blocks+16(FP), R2
	CONSTANTS

block:
	MOVD R1, R4
	CLEAR4(V16, V17, V18, V19)
	VLD1.P 64(R4), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1 (R4), [V4.S4, V5.S4, V6.S4, V7.S4]
	LARGEST(V0, V1, V2, V3)
	LARGEST(V4, V5, V6, V7)
	FACTORS
	BYTES(V20)
	BYTES(V21)
	VST1 [V20.B16, V21.B16], (R0)
	FMOVS F25, smallBlock_scale(R0)
	VEOR V4.B16, V4.B16, V4.B16
	SDOT(4, 20, 27, 0)
	SDOT(4, 21, 27, 0)
	VADDV V4.S4, V4
	FMOVS F4, smallBlock_sum(R0)
	ADD $smallBlock__size, R0
	SUB $1, R2
	CBNZ R2, block
	RET

// func quantizeLargeNEON(b *largeBlock, x *float32, blocks int)
TEXT ·quantizeLargeNEON(SB), NOSPLIT, $0-24
	MOVD b+0(FP), R0
	MOVD x+8(FP), R1
	MOVD blocks+16(FP), R2
	CONSTANTS

block:
	MOVD R1, R4
	MOVD $16, R3
	CLEAR4(V16, V17, V18, V19)

most:
	VLD1.P 64(R4), [V0.S4, V1.S4, V2.S4, V3.S4]
	LARGEST(V0, V1, V2, V3)
	SUB $1, R3
	CBNZ R3, most
	FACTORS
	FMOVS F25, largeBlock_scale(R0)
	ADD $largeBlock_sums16, R0, R4
	ADD $largeBlock_sums32, R0, R5
	MOVD $4, R3

quarter: // 64 numbers: their bytes, four sums of 16, two of 32
	BYTES(V20)
	BYTES(V21)
	BYTES(V22)
	BYTES(V23)
	VST1.P [V20.B16, V21.B16, V22.B16, V23.B16], 64(R0)
	CLEAR4(V4, V5, V6, V7)
	SDOT(4, 20, 27, 0)
	SDOT(5, 21, 27, 0)
	SDOT(6, 22, 27, 0)
	SDOT(7, 23, 27, 0)
	VADDP V5.S4, V4.S4, V4.S4
	VADDP V7.S4, V6.S4, V6.S4
	VADDP V6.S4, V4.S4, V4.S4
	VUZP1 V4.H8, V4.H8, V4.H8
	FMOVD.P F4, 8(R4)
	VADDP V4.H8, V4.H8, V4.H8
	FMOVS.P F4, 4(R5)
	SUB $1, R3
	CBNZ R3, quarter
	ADD $(largeBlock__size-256), R0
	SUB $1, R2
	CBNZ R2, block
	RET
