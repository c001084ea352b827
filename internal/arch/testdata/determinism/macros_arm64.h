// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

#define FADD(d, n, m) WORD $(0x4e20d400 | (m)<<16 | (n)<<5 | (d))
#define FMLS(d, n, m) WORD $(0x4ea0cc00 | (m)<<16 | (n)<<5 | (d)) // want: WORD
