// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/consent"
	"dsai.example/dsai/internal/verifiable/purpose"
	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	collection := id("collection")
	for _, tc := range []struct {
		name string
		edit func(*consent.Options)
		more func(*dsai.ConsentBundle)
	}{
		{"default", nil, nil},
		{"sensitive", func(o *consent.Options) {
			o.For, o.Sensitive, o.QuoteMax, o.Until = []string{"care", "answers"}, true, 400, t0+86400
			o.Capture.Custody = dsai.CustodyNode
		}, nil},
		{"shared", func(o *consent.Options) { o.Share = true }, nil},
		{"broad", func(o *consent.Options) {
			o.For, o.Never = []string{"marketing"}, []string{"Advertising"}
			o.Data.Collection = &collection
		}, func(b *dsai.ConsentBundle) {
			b.Operations = append(b.Operations, dsai.OpShare)
			b.Recipients = []string{dsai.RecipientPublic, dsai.RecipientShared}
			b.Regions = []string{"KE", "TZ"}
			b.Models = []dsai.Digest{id("model")}
			b.Revenue.Share = "none"
			b.Retention = 7 * 86400
			b.MaxStatusAge = consent.MaxStatusAge
		}},
	} {
		o := options()
		if tc.edit != nil {
			tc.edit(&o)
		}
		b, until, notice, err := consent.Draft(o)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		if consent.NoticeDigest(notice) != b.Notice.Digest || consent.Words(b, until) != notice {
			t.Errorf("%s: the notice is not what the consent commits to", tc.name)
		}
		if tc.more != nil {
			tc.more(&b)
		}
		got, file := consent.Words(b, until), filepath.Join("testdata", "words", tc.name+".txt")
		if os.Getenv("DSAI_UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s: Words differs (-want +got):\n%s", tc.name, d)
		}
	}
}

func TestDraft(t *testing.T) {
	b, until, _, err := consent.Draft(options())
	if err != nil || until != t0+consent.Term || b.MaxStatusAge != 300 || len(b.Engines) != 3 || b.Purposes.Allow[0] != answers {
		t.Errorf("Draft(default) = %+v, %v, %v", b, until, err)
	}
	o := options()
	o.Sensitive = true
	b, _, _, err = consent.Draft(o)
	if err != nil || b.MaxStatusAge != 30 || !cmp.Equal(b.Engines, []dsai.EngineClass{dsai.EngineExtract, dsai.EngineInfer}) {
		t.Errorf("Draft(sensitive) = %+v, %v", b, err)
	}

	o = options()
	o.Share = true
	b, _, _, err = consent.Draft(o)
	if err != nil || !consent.Shared(b) || !cmp.Equal(b.Operations, []dsai.Operation{dsai.OpRetrieve, dsai.OpInfer, dsai.OpShare}) ||
		!cmp.Equal(b.Recipients, []string{dsai.RecipientCoop, dsai.RecipientShared}) {
		t.Errorf("Draft(share) = %+v, %v", b, err)
	}
	o.Sensitive = true
	if _, _, _, err := consent.Draft(o); !errors.Is(err, consent.ErrTerms) {
		t.Errorf("Draft(share and sensitive) = %v, want ErrTerms", err)
	}

	o = options()
	o.For = []string{"anwsers"}
	if _, _, _, err := consent.Draft(o); !isUnknown(err) {
		t.Errorf("Draft(for anwsers) = %v, want an UnknownError", err)
	}
	o = options()
	o.For = []string{"Purpose"}
	if _, _, _, err := consent.Draft(o); !errors.Is(err, purpose.ErrTop) {
		t.Errorf("Draft(for anything) = %v, want ErrTop", err)
	}
	o = options()
	o.Never = []string{"answers"}
	if _, _, _, err := consent.Draft(o); err == nil {
		t.Error("Draft(for and never answers) = nil, want an error")
	}
	o = options()
	o.Until = t0
	if _, _, _, err := consent.Draft(o); !errors.Is(err, consent.ErrConsent) {
		t.Errorf("Draft(ended) = %v, want ErrConsent", err)
	}
}

// TestAsksMore has a person asked only where the named purposes do not say it all.
func TestAsksMore(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*consent.Options)
		want bool
	}{
		{"default", func(*consent.Options) {}, false},
		{"short names", func(o *consent.Options) { o.For, o.Sensitive = []string{"answers", "care", "research", "public"}, true }, false},
		{"a purpose with others in it", func(o *consent.Options) { o.For = []string{"marketing"} }, true},
		{"shared", func(o *consent.Options) { o.Share = true }, true},
	} {
		o := options()
		tc.edit(&o)
		b, _, _, err := consent.Draft(o)
		if got := consent.AsksMore(b); err != nil || got != tc.want {
			t.Errorf("%s: AsksMore = %v, %v, want %v", tc.name, got, err, tc.want)
		}
	}
}

func isUnknown(err error) bool {
	_, ok := errors.AsType[*purpose.UnknownError](err)
	return ok
}
