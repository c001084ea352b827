// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import "strings"

// synonyms are everyday words that people exchange for each other, a group on a
// line, so that a question need not guess which one a document uses. They count
// as words that are spelled alike do. A word stands in one group only where its
// meanings permit; what changes the subject, such as "cow" and "animal", is not here.
var synonyms = func() (out []lexis) {
	for _, group := range strings.Split(`
bicycle* bike* cycle
phone phones telephone* mobile smartphone* cellphone*
ring rings call calls phone
fridge* refrigerator*
child children kid kids
baby babies infant* newborn*
son daughter child children
doctor* physician*
buy buys bought buying purchas*
repair* fix fixed fixing mend*
begin begins began start starts started
end ends finish*
ill sick unwell
rubbish garbage trash waste
throw thrown discard* dispos*
vomit* throws
colour* color*
litre* liter*
metre* meter*
tyre* tire tires
mould* mold*
fertiliser* fertilizer*
sanitiser* sanitizer* disinfectant*
money cash coin coins
pay pays paid
petrol gasoline
engine* motor*
lorry lorries truck trucks
lend* lent loan* borrow*
give gives given gave
pupil* student*
permitted allowed permit* allow*
forbidden prohibit* banned
collect* fetch* pick picks
keep keeps kept store stores stored
clean cleans cleaned cleaning wash washes washed washing
close closes closed closing shut
choose* chose chosen select* pick picks
mistake* error* fault*
broken damaged
scald* burn*
injur* wound*
photo photos photograph* picture*
film films movie*
delete* remov* eras*
create* creating
disable* off
drink* drank
eat eats eaten ate
grow* grew grown
write* wrote written
speak spoke spoken
freez* froze frozen
bite* bit bitten
break breaks broke broken
steal* stole stolen
build* built
sell* sold
send* sent
teach* taught
hold holds held
lose loses lost
hurt hurts pain pains
dry dries dried drying
cloth fabric* textile*
cow cows cattle
hen hens chicken* poultry
field fields plot plots
sow sows sowed sown plant plants planted planting
holiday* vacation*
boss manager*
meal* food
trip* journey*
answer* reply replies replied
ask asks asked request*
voiture auto
velo bicyclette
bebe nourrisson
enfant* gosse*
vache* betail
argent piece pieces
ordinateur* pc
telephone* portable*
soigner traiter
acheter achat
reparer reparation
jeter jette
docteur medecin
ordenador* computador*
movil telefono*
coche carro auto
bebe nino
hoja* pagina*
dinero moneda*
comprar compra
lavar limpiar
arreglar reparar
vaca* ganado
rechner computer*
handy telefon*
auto wagen fahrzeug*
arzt arztin doktor
geld munze*
putzen reinigen
kaufen kauf
reparieren reparatur
telemovel celular telefone*
carro automovel
dinheiro moeda*
consertar reparar arranjar
crianca* menino*
vaca* gado
mtoto watoto
simu rununu
daktari mganga
pesa fedha`, "\n") {
		if group != "" {
			out = append(out, newLexis(group))
		}
	}
	return out
}()

// groups returns the synonyms of a folded word.
func groups(word string) (out []lexis) {
	for _, g := range synonyms {
		if g.has(word) {
			out = append(out, g)
		}
	}
	return out
}
