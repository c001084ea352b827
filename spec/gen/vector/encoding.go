// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package vector

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/vc"
)

type encodingVectors struct {
	Hash   []hashVector   `json:"hash"`
	Commit []commitVector `json:"commit"`
	JSON   []jsonVector   `json:"json"`
	Time   []textVector   `json:"time"`
	Digest []textVector   `json:"digest"`
}

type hashVector struct {
	Domain   string      `json:"domain"`
	Parts    []hexBytes  `json:"parts"`
	Preimage hexBytes    `json:"preimage"`
	Digest   dsai.Digest `json:"digest"`
}

type commitVector struct {
	Domain  string      `json:"domain"`
	Salt    dsai.Salt   `json:"salt"`
	Content string      `json:"content"`
	Digest  dsai.Digest `json:"digest"`
}

// jsonVector is a text with its canonical form, or without when it is refused.
type jsonVector struct {
	Name      string `json:"name"`
	Text      string `json:"text"`
	Canonical string `json:"canonical,omitempty"`
	Refused   bool   `json:"refused"`
}

type textVector struct {
	Text string `json:"text"`
	Unix *int64 `json:"unix,omitempty"`
	OK   bool   `json:"ok"`
}

func encodings() encodingVectors {
	var out encodingVectors
	for _, h := range []struct {
		domain string
		parts  []string
	}{
		{"empty", nil},
		{"one", []string{""}},
		{"one", []string{"ab", "c"}},
		{"one", []string{"a", "bc"}},
		{"two", []string{"a", "bc"}},
	} {
		out.Hash = append(out.Hash, hash(h.domain, h.parts))
	}
	for _, domain := range []string{dsai.DomainPrompt, dsai.DomainResponse, "version", "chain-key"} {
		text, s := "the "+domain, salt("commit")
		out.Commit = append(out.Commit, commitVector{domain, s, text, dsai.Commit(domain, s, []byte(text))})
	}
	for _, c := range jsonCases {
		canon, err := vc.CanonicalRaw([]byte(c.text))
		if (err != nil) != c.refused {
			panic("json " + c.name)
		}
		out.JSON = append(out.JSON, jsonVector{c.name, c.text, string(canon), c.refused})
	}
	for _, s := range []string{"2026-11-22T15:04:05Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-22T15:04:05+00:00",
		"2026-11-22T15:04:05.0Z", "2026-11-22t15:04:05z", "2026-02-30T00:00:00Z", "1969-12-31T23:59:59Z", "2026-11-22T23:59:60Z"} {
		v := textVector{Text: s}
		var t dsai.Time
		if t.UnmarshalText([]byte(s)) == nil {
			v.OK, v.Unix = true, new(int64(t))
		}
		out.Time = append(out.Time, v)
	}
	d := seed("digest").String()
	for _, s := range []string{d, strings.ToUpper(d), d[:63], d + "0", strings.Repeat("0", 64)} {
		_, err := dsai.ParseDigest(s)
		out.Digest = append(out.Digest, textVector{Text: s, OK: err == nil})
	}
	return out
}

// hash writes out the preimage by itself, so that the vector checks Hash too.
func hash(domain string, parts []string) hashVector {
	v := hashVector{Domain: domain, Parts: []hexBytes{}, Preimage: hexBytes("dsai/1/" + domain + "\x00")}
	raw := make([][]byte, len(parts))
	for i, p := range parts {
		raw[i] = []byte(p)
		v.Parts = append(v.Parts, raw[i])
		v.Preimage = append(binary.BigEndian.AppendUint64(v.Preimage, uint64(len(p))), p...)
	}
	v.Digest = sha256.Sum256(v.Preimage)
	if v.Digest != dsai.Hash(domain, raw...) {
		panic("hash " + domain)
	}
	return v
}

var jsonCases = []struct {
	name, text string
	refused    bool
}{
	{"order and space", "{ \"b\" : 1,\n\"a\":[true,false] }", false},
	{"order is that of UTF-16 code units", "{\"\uff5e\":1,\"\U0001f600\":2}", false},
	{"escapes", `{"a":"\u0041\/\u000f\n\u20ac"}`, false},
	{"html is not escaped", `{"a":"<b>&"}`, false},
	{"largest integer", `9007199254740991`, false},
	{"smallest integer", `-9007199254740991`, false},
	{"empty list", `{"a":[]}`, false},
	{"integer too large", `9007199254740992`, true},
	{"fraction", `1.0`, true},
	{"exponent", `1e3`, true},
	{"minus zero", `-0`, true},
	{"leading zero", `01`, true},
	{"null", `{"a":null}`, true},
	{"duplicate key", `{"a":1,"a":1}`, true},
	{"duplicate key by escape", `{"a":1,"\u0061":1}`, true},
	{"lone surrogate", `"\ud800"`, true},
	{"control character", "\"\n\"", true},
	{"two values", `{} {}`, true},
	{"deepest", strings.Repeat("[", 32) + strings.Repeat("]", 32), false},
	{"too deep", strings.Repeat("[", 33) + strings.Repeat("]", 33), true},
}
