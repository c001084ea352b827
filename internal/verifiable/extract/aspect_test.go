// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract_test

import (
	"slices"
	"testing"

	"dsai.example/dsai/internal/verifiable/extract"
)

// TestTold wants sentences told from others of the same subject by what a
// question asks for.
func TestTold(t *testing.T) {
	for _, c := range []struct {
		question, sentence, above string
		untold                    []string
	}{
		{question: "how deep is the well", sentence: "The well is 42 metres deep."},
		{question: "how deep is the well", sentence: "Close the well and tell the neighbours.", untold: []string{"deep"}},
		{question: "What does the tester cost?", sentence: "The tester compares the colour with the card.", untold: []string{"cost"}},
		{question: "What does the tester cost?", sentence: "A tester is sold for 12 coins."},
		{question: "Was kostet die Klinge?", sentence: "Je Klinge eine halbe Münze."},
		{question: "¿Cuánto cuesta el sistema?", sentence: "El sistema tiene tres partes.", untold: []string{"cuesta"}},
		{question: "Combien pèse le sac ?", sentence: "Le sac contient 50 kg de sable."},
		{question: "Quanto custa uma galinha?", sentence: "Uma galinha recebe 110 gramas.", untold: []string{"custa"}},
		{question: "Bei ya ndoo ni shilingi ngapi?", sentence: "Osha ndoo kwa sabuni.", untold: []string{"Bei", "ngapi"}},
		{question: "how many members are there", sentence: "The price is set by five members."},
		{question: "how many members are there", sentence: "Two copies go to the chair, who shows them to the members.", untold: []string{"how many"}},
		{question: "how many kilos of compost", sentence: "It gives 700 kilograms."},
		{question: "how many books can I take", sentence: "| books | 5 | 21 days |"},
		{question: "Maji yachemshwe kwa dakika ngapi?", sentence: "Chemsha kwa dakika moja kamili."},
		{question: "how much water does it need", sentence: "Water it for three weeks.", untold: []string{"how much"}},
		{question: "who repairs the pump", sentence: "The pump is repaired by Musa."},
		{question: "who repairs the pump", sentence: "The pump is repaired on Friday.", untold: []string{"who"}},
		{question: "wer repariert die Pumpe", sentence: "Die Pumpe hat einen Riss.", untold: nil}, // nouns are written like names
		{question: "the people who repair pumps", sentence: "The pump is broken."},
		{question: "when does it open", sentence: "Opening: 07:30 to 12:30."},
		{question: "when does it open", sentence: "The door is blue.", untold: []string{"when"}},
		{question: "what happens when it opens", sentence: "The door is blue."},
		{question: "how long does it last", sentence: "It lasts three weeks."},
		{question: "how long does it last", sentence: "It lasts on the last page.", untold: []string{"how long"}},
		{question: "in what year was it built", sentence: "It was built in 1974."},
		{question: "in what year was it built", sentence: "It was built by the river each year.", untold: []string{"what year"}},
		{question: "phone number of the midwife", sentence: "Chiku,midwife,0712 333", above: "Name,Role,Phone"},
		{question: "qué altura tiene el silo", sentence: "Mide 1,70 metros de alto."},
		{question: "QUE ALTURA TIENE EL SILO", sentence: "Nunca se llena con grano caliente.", untold: []string{"ALTURA"}},
		{question: "what colour is the cloth", sentence: "Hang the red cloth on the handle."},
		{question: "is the pump broken", sentence: "Anything at all."},
	} {
		got := extract.Untold(c.question, c.sentence, c.above)
		if !slices.Equal(got, c.untold) {
			t.Errorf("untold(%q, %q) = %q, want %q", c.question, c.sentence, got, c.untold)
		}
	}
}
