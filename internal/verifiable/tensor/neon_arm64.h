// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Instructions of arm64 that Go's assembler does not know, by the encodings of the Arm Architecture
// Reference Manual; internal/arch lets these through and no other. The result is written to register d.
// All but SDOT belong to every arm64; SDOT is FEAT_DotProd. Floats round to nearest, ties to even.

// SDOT Vd.4S, Vn.16B, Vm.4B[i]: each int32 of d += four products of bytes of n with the four of m at i.
#define SDOT(d, n, m, i) WORD $(0x4f80e000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))

// MLA Vd.4S, Vn.4S, Vm.4S: int32, d += n * m.
#define MLA4(d, n, m) WORD $(0x4ea09400 | (m)<<16 | (n)<<5 | (d))

// SMLAL Vd.4S, Vn.4H, Vm.4H and SMLAL2 Vd.4S, Vn.8H, Vm.8H: each int32 of d += the product of int16, the
// lower and the upper four.
#define SMLALL(d, n, m) WORD $(0x0e608000 | (m)<<16 | (n)<<5 | (d))
#define SMLALH(d, n, m) WORD $(0x4e608000 | (m)<<16 | (n)<<5 | (d))

// SXTL Vd.8H, Vn.8B and SXTL2 Vd.8H, Vn.16B: the lower and the upper eight int8 to int16.
#define SXTL8(d, n) WORD $(0x0f08a400 | (n)<<5 | (d))
#define SXTH8(d, n) WORD $(0x4f08a400 | (n)<<5 | (d))

// SXTL Vd.4S, Vn.4H and SXTL2 Vd.4S, Vn.8H: the lower and the upper four int16 to int32.
#define SXTL4(d, n) WORD $(0x0f10a400 | (n)<<5 | (d))
#define SXTH4(d, n) WORD $(0x4f10a400 | (n)<<5 | (d))

// SSHLL Vd.4S, Vn.4H, #5: the lower four int16, times 32, to int32.
#define TIMES32(d, n) WORD $(0x0f15a400 | (n)<<5 | (d))

// FADD, FSUB, FMUL and FDIV Vd.4S, Vn.4S, Vm.4S: float32, n by m.
#define FADD4(d, n, m) WORD $(0x4e20d400 | (m)<<16 | (n)<<5 | (d))
#define FSUB4(d, n, m) WORD $(0x4ea0d400 | (m)<<16 | (n)<<5 | (d))
#define FMUL4(d, n, m) WORD $(0x6e20dc00 | (m)<<16 | (n)<<5 | (d))
#define FDIV4(d, n, m) WORD $(0x6e20fc00 | (m)<<16 | (n)<<5 | (d))

// FMAX and FMIN Vd.4S, Vn.4S, Vm.4S
#define FMAX4(d, n, m) WORD $(0x4e20f400 | (m)<<16 | (n)<<5 | (d))
#define FMIN4(d, n, m) WORD $(0x4ea0f400 | (m)<<16 | (n)<<5 | (d))

// FCMGT Vd.4S, Vn.4S, Vm.4S: all bits of d are set where n > m.
#define FCMGT4(d, n, m) WORD $(0x6ea0e400 | (m)<<16 | (n)<<5 | (d))

// SCVTF Vd.4S, Vn.4S: int32 to float32. FCVTNS Vd.4S, Vn.4S: float32 to the nearest int32.
#define SCVTF4(d, n) WORD $(0x4e21d800 | (n)<<5 | (d))
#define FCVTNS4(d, n) WORD $(0x4e21a800 | (n)<<5 | (d))

// FCVTL Vd.4S, Vn.4H and FCVTL2 Vd.4S, Vn.8H: the lower and the upper four Halfs to float32.
#define WIDENL4(d, n) WORD $(0x0e217800 | (n)<<5 | (d))
#define WIDENH4(d, n) WORD $(0x4e217800 | (n)<<5 | (d))

// FCVTN Vd.4H, Vn.4S and FCVTN2 Vd.8H, Vn.4S: float32 to the lower and to the upper four Halfs.
#define NARROWL4(d, n) WORD $(0x0e216800 | (n)<<5 | (d))
#define NARROWH4(d, n) WORD $(0x4e216800 | (n)<<5 | (d))

// FADD, FSUB and FMUL Vd.2D, Vn.2D, Vm.2D: float64, n by m.
#define FADD2(d, n, m) WORD $(0x4e60d400 | (m)<<16 | (n)<<5 | (d))
#define FSUB2(d, n, m) WORD $(0x4ee0d400 | (m)<<16 | (n)<<5 | (d))
#define FMUL2(d, n, m) WORD $(0x6e60dc00 | (m)<<16 | (n)<<5 | (d))

// FRINTM Vd.2D, Vn.2D: the floor of float64. FCVTZS Vd.2D, Vn.2D: float64 to int64.
#define FLOOR2(d, n) WORD $(0x4e619800 | (n)<<5 | (d))
#define FCVTZS2(d, n) WORD $(0x4ee1b800 | (n)<<5 | (d))

// FCVTL Vd.2D, Vn.2S and FCVTL2 Vd.2D, Vn.4S: the lower and the upper two float32 to float64.
#define WIDENL2(d, n) WORD $(0x0e617800 | (n)<<5 | (d))
#define WIDENH2(d, n) WORD $(0x4e617800 | (n)<<5 | (d))

// FCVTN Vd.2S, Vn.2D and FCVTN2 Vd.4S, Vn.2D: float64 to the lower and to the upper two float32.
#define NARROWL2(d, n) WORD $(0x0e616800 | (n)<<5 | (d))
#define NARROWH2(d, n) WORD $(0x4e616800 | (n)<<5 | (d))

// Four registers become zero.
#define CLEAR4(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16 \
	VEOR b.B16, b.B16, b.B16 \
	VEOR c.B16, c.B16, c.B16 \
	VEOR d.B16, d.B16, d.B16
