// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"dsai.example/dsai"
	"dsai.example/dsai/internal/verifiable/extract"
)

// shelves are ten documents of a few passages, as the first files that somebody
// adds to an empty library.
var shelves = [][]dsai.PassageBody{
	document("oral-rehydration.md", "en", "Oral rehydration",
		"To make one litre of the drink, mix six level teaspoons of sugar and half a level teaspoon of salt into one litre of clean water. Taste it before you give it: it should be no saltier than tears.",
		"Throw away what is left after 24 hours and mix a fresh bottle.",
		"Give small sips. If the person vomits, wait ten minutes and go on more slowly. Come to the clinic when the diarrhoea lasts longer than three days."),
	document("puits.md", "fr", "Protéger un puits",
		"La latrine se creuse à 30 mètres du puits au moins, toujours en aval. L'enclos à bétail reste à 50 mètres.",
		"La margelle dépasse le sol de 80 centimètres. Le couvercle se ferme à clé.",
		"Une analyse de l'eau coûte 12 pièces et se fait deux fois par an, en mars et en août."),
	document("maji-safi.md", "sw", "Maji safi",
		"Chemsha maji mpaka yatoe mapovu makubwa kwa dakika moja kamili, kisha yaache yapoe yakiwa yamefunikwa.",
		"Weka maji kwenye chombo chenye mdomo mwembamba na mfuniko, mbali na mifugo. Chombo kioshwe kila baada ya siku tatu."),
	document("loan-rules.md", "en", "Lending rules",
		"A member may borrow five books for 21 days. A book can be renewed twice unless another reader has reserved it.",
		"We do not charge fines for late books. A lost card is replaced once without charge."),
	document("bicycle.md", "en", "Bicycle service",
		"Pump the tyres to 3.5 bar at the front and 4 bar at the back. Wipe the chain with a rag and put one drop of oil on each link.",
		"The strengthened rack carries 60 kilograms, the ordinary one 25."),
	document("motopompe.md", "fr", "Motopompe",
		"Remplir le corps de pompe avec de l'eau propre avant de démarrer : à sec, elle perd son joint en moins de deux minutes.",
		"Nettoyer le filtre à air toutes les 10 heures et vidanger l'huile toutes les 25 heures."),
	document("solar.md", "en", "Solar battery",
		"Disconnect the loads, then the solar panel, then the battery. Top up only with distilled water.",
		"Clean white crust with baking soda, dry, and grease with petroleum jelly."),
	document("kuku.md", "sw", "Kufuga kuku",
		"Kuku ishirini hunywa lita tano za maji kwa siku. Banda lisafishwe kila wiki.",
		"Mayai yaokotwe mara mbili kwa siku na yadumu wiki tatu mahali penye baridi."),
	document("compost.md", "en", "Compost",
		"Turn the heap on day 7, day 14, day 28 and day 42. It is ready after about eight weeks, when it smells of forest soil.",
		"Do not put in meat, oil or plastic."),
	document("fievre.md", "fr", "Fièvre",
		"Un enfant a de la fièvre quand le thermomètre indique 37,5 °C ou davantage. Donner à boire souvent.",
		"Un nourrisson de moins de deux mois qui a de la fièvre part tout de suite au dispensaire."),
}

func document(title, language, heading string, passages ...string) (out []dsai.PassageBody) {
	for _, text := range passages {
		out = append(out, dsai.PassageBody{Title: title, Language: language, Heading: []string{heading}, Text: text})
	}
	return out
}

// TestSmall wants plain questions answered, and others refused, from one document
// on: there the counts of words say next to nothing.
func TestSmall(t *testing.T) {
	answerable := []struct {
		from     int // documents needed
		question string
		want     string // title
	}{
		{1, "how much sugar and salt go into one litre of water?", "oral-rehydration.md"},
		{1, "How long can I keep the bottle before I throw it away?", "oral-rehydration.md"},
		{1, "what should we do when the person vomits", "oral-rehydration.md"},
		{2, "À quelle distance du puits faut-il creuser la latrine ?", "puits.md"},
		{2, "combien coûte l'analyse de l'eau", "puits.md"},
		{3, "Maji yachemshwe kwa dakika ngapi?", "maji-safi.md"},
		{3, "chombo kioshwe baada ya siku ngapi", "maji-safi.md"},
		{4, "how many books may somebody borrow", "loan-rules.md"},
		{4, "do you charge a fine when books are late?", "loan-rules.md"},
		{5, "how much weight does the ordinary rack carry?", "bicycle.md"},
		{6, "Quand faut-il vidanger l'huile de la motopompe ?", "motopompe.md"},
		{7, "which water goes into the battery?", "solar.md"},
		{8, "Kuku hunywa maji lita ngapi kwa siku?", "kuku.md"},
		{9, "when do I turn the compost heap", "compost.md"},
		{10, "Quand un enfant a-t-il de la fièvre ?", "fievre.md"},
	}
	unanswerable := []string{
		"how do I reset my Netflix password?", "What is the capital of Mongolia?", "how much does a litre of diesel cost",
		"which antibiotic is given for an infected wound", "who repairs spectacles in the village",
		"Quel est le prix d'une consultation prénatale ?", "À quelle heure passe le bus pour Tolo ?",
		"Bei ya simu mpya ni shilingi ngapi?", "Rais wa Kenya ni nani?",
	}
	for _, n := range []int{1, 2, 3, 5, 10} {
		t.Run(fmt.Sprintf("%d documents", n), func(t *testing.T) {
			bodies := slices.Concat(shelves[:n]...)
			for _, c := range answerable {
				if c.from > n {
					continue
				}
				in := library(bodies, c.question)
				a, err := extract.Run(lex, in)
				if err != nil {
					t.Errorf("Run(%q): %v", c.question, err)
				} else if got := in.Passages[a.Quotes[0].N-1].Body.Title; got != c.want {
					t.Errorf("Run(%q) quotes %s first, want %s", c.question, got, c.want)
				}
			}
			for _, question := range unanswerable {
				a, err := extract.Run(lex, library(bodies, question))
				if _, ok := errors.AsType[*dsai.Refusal](err); !ok {
					t.Errorf("Run(%q) = %+v, %v, want a refusal", question, a, err)
				}
			}
		})
	}
}
