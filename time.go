// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package dsai

import (
	"fmt"
	"time"
)

// Time is an instant in whole seconds since the Unix epoch. Its text form is
// XML Schema dateTimeStamp in UTC without a fraction ("2026-11-22T15:04:05Z"),
// the form that VC Data Model 2.0 asks for, restricted to one text per instant.
type Time int64

// At converts t, dropping the fraction of a second.
func At(t time.Time) Time { return Time(t.Unix()) }

// Std returns t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.Unix(int64(t), 0).UTC() }

// Add returns t later by d, which is cut to whole seconds.
func (t Time) Add(d time.Duration) Time { return t + Time(d/time.Second) }

const timeLayout = "2006-01-02T15:04:05Z"

func (t Time) String() string { return t.Std().Format(timeLayout) }

// MarshalText returns the canonical text form.
func (t Time) MarshalText() ([]byte, error) {
	if y := t.Std().Year(); y < 1970 || y > 9999 {
		return nil, fmt.Errorf("time %d: year %d is out of range", int64(t), y)
	}
	return []byte(t.String()), nil
}

// UnmarshalText accepts the canonical text form only; see ErrSyntax.
func (t *Time) UnmarshalText(b []byte) error {
	s, err := time.Parse(timeLayout, string(b))
	if err != nil || s.Unix() < 0 || s.Format(timeLayout) != string(b) {
		return fmt.Errorf("time %.40q: %w: want %s", b, ErrSyntax, timeLayout)
	}
	*t = Time(s.Unix())
	return nil
}

// Seconds is a duration in whole seconds; an integer in JSON.
type Seconds int64

// Std returns s as a time.Duration.
func (s Seconds) Std() time.Duration { return time.Duration(s) * time.Second }
