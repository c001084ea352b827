// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strconv"

	"dsai.example/dsai"
)

// maxPrice is the highest unit price: a thousand credits. With maxTokens it
// keeps every price within an int64.
const (
	maxPrice  = 1_000_000_000
	maxTokens = 1 << 31
)

// Millionths is an amount in millionths of a credit. In JSON and TOML it is a
// decimal string without sign or leading zero.
type Millionths int64

// MarshalText returns the decimal form.
func (m Millionths) MarshalText() ([]byte, error) {
	if m < 0 {
		return nil, fmt.Errorf("amount %d is negative", m)
	}
	return strconv.AppendInt(nil, int64(m), 10), nil
}

// UnmarshalText accepts the decimal form only; errors wrap dsai.ErrSyntax.
func (m *Millionths) UnmarshalText(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != string(b) {
		return fmt.Errorf("amount %.40q: %w: want a whole number of millionths", b, dsai.ErrSyntax)
	}
	*m = Millionths(n)
	return nil
}

func (m Millionths) String() string { return strconv.FormatInt(int64(m), 10) }

// Prices say what an answer costs.
type Prices struct {
	Answer     Millionths `json:"answer" toml:"answer"`         // for each
	Prompt     Millionths `json:"prompt" toml:"prompt"`         // for each token or word read
	Completion Millionths `json:"completion" toml:"completion"` // for each token or word written
}

func (p Prices) check() error {
	for _, m := range [...]Millionths{p.Answer, p.Prompt, p.Completion} {
		if m < 0 || m > maxPrice {
			return fmt.Errorf("price %d, want 0 to %d millionths", m, maxPrice)
		}
	}
	return nil
}

// Price returns what an answer with these tokens costs. Counts outside 0 to
// 2^31 are taken as the nearer of the two.
func (p Prices) Price(t dsai.Tokens) Millionths {
	count := func(n int) Millionths { return Millionths(min(max(int64(n), 0), maxTokens)) }
	return p.Answer + p.Prompt*count(t.Prompt) + p.Completion*count(t.Completion)
}

// Split says who gets which part of a price.
type Split struct {
	Contributors BasisPoints `json:"contributors" toml:"contributors"`
	Operators    BasisPoints `json:"operators" toml:"operators"`
	Treasury     BasisPoints `json:"treasury" toml:"treasury"`
}

func (s Split) check() error {
	if s.Contributors < 0 || s.Operators < 0 || s.Treasury < 0 || s.Contributors+s.Operators+s.Treasury != Whole {
		return fmt.Errorf("split %d + %d + %d basis points, want parts of %d", s.Contributors, s.Operators, s.Treasury, Whole)
	}
	return nil
}

// Of divides a price. Parts are rounded down, and what that leaves over goes to
// the treasury, so the three always sum to the price.
func (s Split) Of(price Millionths) (contributors, operators, treasury Millionths) {
	// Divided in two steps, because price times basis points may overflow.
	part := func(b BasisPoints) Millionths {
		whole := Millionths(Whole)
		return price/whole*Millionths(b) + price%whole*Millionths(b)/whole
	}
	contributors, operators = part(s.Contributors), part(s.Operators)
	return contributors, operators, price - contributors - operators
}
