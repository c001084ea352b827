// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// func kernel(x, y, z float64) float64, with VFMADD231SD only in this comment
TEXT ·kernel(SB), $0-32
	MULSD X1, X0
	ADDSD X2, X0
	VFMADD231SD X1, X0, X2 // want: VFMADD231SD
	FMADDD F2, F1, F0, F3 // want: FMADDD
	FNMSUBS F2, F1, F0, F3 // want: FNMSUBS
	VFMLA V1.S4, V2.S4, V3.S4 // want: VFMLA
	WFMADB V1, V2, V3, V4 // want: WFMADB
	FMUL F1, F2, F3; FMADDD F2, F1, F0, F3 // want: FMADDD
#define SDOT(d, n, m) WORD $(0x4f80e000 | (m)<<16 | (n)<<5 | (d))
#define FMLA(d, n, m) WORD $(0x4e20cc00 | (m)<<16 | (n)<<5 | (d)) // want: WORD
#define HIDDEN(d, n) WORD $(0x4e20d400 | 0x1800 | (n)<<5 | (d)) // want: WORD
#define ADDMUL VFMLA V1.S4, V2.S4, V3.S4 // want: VFMLA
loop: WORD $0x1f020c20 // want: WORD
	RET
