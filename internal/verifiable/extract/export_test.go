// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

// Units returns the units of text, headlines marked by "!".
func Units(text string) []string {
	var out []string
	for _, u := range units(text) {
		s := text[u.start:u.end]
		if u.kind == headline {
			s += "!"
		}
		out = append(out, s)
	}
	return out
}

// Untold returns what a question asks for and a sentence, below a heading, does
// not tell.
func Untold(question, sentence, above string) (out []string) {
	row := tabular(sentence) || sentence != "" && sentence[0] == '|'
	for _, a := range asks(question) {
		if !a.told(sentence, fold(sentence), fold(above), row) {
			out = append(out, a.text)
		}
	}
	return out
}
