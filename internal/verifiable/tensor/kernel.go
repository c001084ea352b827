// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package tensor

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// A kernel is a set of assembly that computes products, bytes and the operations of vector.go. All give
// the same bits.
type kernel int32

const (
	portable kernel = iota + 1 // the Go code, which the others must equal
	avx2
	avx512vnni
	neon
)

var kernelNames = map[kernel]string{portable: "portable", avx2: "avx2", avx512vnni: "avx512vnni", neon: "neon"}

func (k kernel) String() string { return kernelNames[k] }

// A Kernel is one that this CPU has. Err says why it is not used all the same: its results were not
// those of the portable code.
type Kernel struct {
	Name string
	Err  error

	id kernel
}

// tried is every kernel of this CPU, compared with the portable one, the slowest first.
var tried = sync.OnceValue(func() []Kernel {
	out := []Kernel{{Name: portable.String(), id: portable}}
	for _, k := range detected() {
		out = append(out, Kernel{Name: k.String(), Err: compare(k), id: k})
	}
	return out
})

// Kernels lists the kernels that this CPU has, the fastest last.
func Kernels() []Kernel { return append([]Kernel(nil), tried()...) }

// chosen is the kernel in use, 0 before the first use.
var chosen atomic.Int32

// Use chooses the kernel of that name for everything that is computed from now on. It is meant to be
// called once, at the start; without it the fastest is used. It cannot show in a result.
func Use(name string) error {
	var names []string
	for _, k := range tried() {
		if k.Name == name && k.Err != nil {
			return fmt.Errorf("use kernel %q: %w", name, k.Err)
		}
		if k.Name == name {
			chosen.Store(int32(k.id))
			return nil
		}
		names = append(names, k.Name)
	}
	return fmt.Errorf("use kernel %q: this CPU has %s", name, strings.Join(names, ", "))
}

// InUse returns the name of the kernel in use.
func InUse() string { return current().String() }

func current() kernel {
	if k := chosen.Load(); k != 0 {
		return kernel(k)
	}
	best := portable
	for _, k := range tried() {
		if k.Err == nil {
			best = k.id
		}
	}
	chosen.CompareAndSwap(0, int32(best))
	return kernel(chosen.Load())
}

var errDiffers = errors.New("its bits are not those of the portable code")
