// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/purpose"
)

// Words says in English what a consent that ends at until agrees to: what it
// covers, for what, what else that permits, until when, and how to withdraw. It
// depends on the consent's terms and not on its notice, so that anybody can
// compare the words with the digest that the member signed. Another wording is
// another notice: consents signed under the old one keep its digest.
func Words(b dsai.ConsentBundle, until dsai.Time) string {
	var lines []string
	say := func(label, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%-10s ", label+":")+fmt.Sprintf(format, args...)+".\n")
	}
	say("Covers", "%s", dataWords(b.Data))
	say("For", "%s", purposeWords(b.Purposes.Allow))
	if also := purpose.AlsoPermits(b.Purposes.Allow, b.Purposes.Deny); len(also) > 0 {
		say("Also for", "%s, because these are part of it", purposeWords(also))
	}
	if len(b.Purposes.Deny) > 0 {
		say("Never for", "%s", purposeWords(b.Purposes.Deny))
	}
	say("May", "%s", each(b.Operations, operationWords))
	if not := without(operations, b.Operations); len(not) > 0 {
		say("May not", "%s", each(not, operationWords))
	}
	say("By", "%s", engineList(b))
	say("Goes to", "%s", each(b.Recipients, recipientWords))
	if Shared(b) {
		say("Shared", "passages leave the node's machine for servers of others, who can read and keep them, also after you withdraw")
	}
	if !slices.Contains(b.Regions, AnyRegion) {
		say("Where", "only in %s", strings.Join(b.Regions, ", "))
	}
	if b.Output.QuoteMax > 0 {
		say("Quotes", "at most %d characters of each document to the same person, all answers together", b.Output.QuoteMax)
	}
	if b.Revenue.Share == "policy" {
		say("Credit", "a share of what answers earn, as the co-op's policy says")
	} else {
		say("Credit", "no share of what answers earn")
	}
	say("Key", "%s", custodyWords(b.Capture.Custody))
	say("Ends", "%s", until)
	say("Withdraw", "at any time, for all or one document, with: dsai consent revoke. "+
		"The node that confirms it stops at once, every other within %s. "+
		"Answers already given cannot be called back. %s", duration(ProfileFor(b.MaxStatusAge).Bound()), retentionWords(b.Retention))
	return strings.Join(lines, "")
}

// Shared reports whether a consent lets passages go to model servers beyond the
// node's own machine: the operation and the recipient are both needed.
func Shared(b dsai.ConsentBundle) bool {
	return slices.Contains(b.Operations, dsai.OpShare) && slices.Contains(b.Recipients, dsai.RecipientShared)
}

// AsksMore reports whether a consent permits more than the plain use that the
// purposes it names say: whoever signs it is asked first.
func AsksMore(b dsai.ConsentBundle) bool {
	return Shared(b) || len(purpose.AlsoPermits(b.Purposes.Allow, b.Purposes.Deny)) > 0
}

func dataWords(s dsai.DataScope) string {
	var frozen, following int
	for _, d := range s.Documents {
		if d.Mode == dsai.ModeFrozen {
			frozen++
		} else {
			following++
		}
	}
	var parts []string
	if following > 0 {
		parts = append(parts, plural(following, "document")+" with later versions")
	}
	if frozen > 0 {
		parts = append(parts, plural(frozen, "document")+" in the present version only")
	}
	if s.Collection != nil {
		parts = append(parts, "documents that you add to a collection, each with its own signature")
	}
	return strings.Join(parts, "; ")
}

func purposeWords(iris []string) string {
	names := make([]string, len(iris))
	for i, iri := range iris {
		names[i] = purpose.Label(iri)
		if short := purpose.Short(iri); purpose.Namespace+short != iri && short != names[i] {
			names[i] = short + " (" + names[i] + ")"
		}
	}
	return strings.Join(names, ", ")
}

func engineList(b dsai.ConsentBundle) string {
	s := each(b.Engines, func(e dsai.EngineClass) string {
		switch e {
		case dsai.EngineExtract:
			return "quoting it word for word"
		case dsai.EngineInfer:
			return "a model that the node runs itself"
		case dsai.EngineUpstream:
			if Shared(b) {
				return "a server that the operator named, also on other machines"
			}
			return "a server that the operator named, on the node's own machine"
		}
		return string(e)
	})
	if b.Models != nil {
		s += "; only " + plural(len(b.Models), "model") + " named by fingerprint"
	}
	return s
}

func operationWords(o dsai.Operation) string {
	switch o {
	case dsai.OpRetrieve:
		return "find passages of it"
	case dsai.OpInfer:
		return "answer from them"
	case dsai.OpReplicate:
		return "copy it to other nodes"
	case dsai.OpEmbed:
		return "turn it into vectors"
	case dsai.OpFineTune:
		return "train models on it"
	case dsai.OpEvaluate:
		return "test models with it"
	case dsai.OpShare:
		return "give passages to other machines"
	}
	return string(o)
}

func recipientWords(r string) string {
	switch r {
	case dsai.RecipientCoop:
		return "members of the co-op and those they gave a key"
	case dsai.RecipientPublic:
		return "anybody"
	case dsai.RecipientShared:
		return "operators of other machines"
	}
	return "the holder of " + r
}

func custodyWords(c dsai.Custody) string {
	if c == dsai.CustodyDevice {
		return "only you can sign with it"
	}
	return "the node's operator keeps it for you, and could sign in your name"
}

func retentionWords(s dsai.Seconds) string {
	if s == 0 {
		return "Nothing made from it is kept"
	}
	return "What was made from it is deleted within " + duration(s)
}

// duration prints whole days and hours as such, and anything else in seconds.
func duration(s dsai.Seconds) string {
	const hour, day = 3600, 24 * 3600
	switch {
	case s >= day && s%day == 0:
		return plural(int(s/day), "day")
	case s >= hour && s%hour == 0:
		return plural(int(s/hour), "hour")
	}
	return plural(int(s), "second")
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

func each[T any](all []T, words func(T) string) string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = words(v)
	}
	return strings.Join(out, ", ")
}

func without[T comparable](all, some []T) []T {
	return slices.DeleteFunc(slices.Clone(all), func(v T) bool { return slices.Contains(some, v) })
}
