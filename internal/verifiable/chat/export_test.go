// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package chat

// Said is the whole text of a question.
func (f *Format) Said(system, user string) (text string) {
	for _, s := range f.segments(system, user) {
		text += s.Text
	}
	return text
}
