// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import "strings"

// Units of what can be measured, in the languages of bench/qa and Italian.
const (
	lengths = `mm cm m km m2 m3 millimet* centimet* metre* meter* metro* metri kilomet* milimet* milímet* inch* feet foot yard* mile* pouce* pulgada* polegada* zoll meile* sentimita
		mita kilomita hatua miguu pixel* dpi`
	times = `second* minute* hour* day* week* month* year* decade* century seconde* heure* jour* semaine* mois an ans annee* segundo* minuto* hora* dia* semana* mes meses ano anos
		sekunde* stunde* tag tage* woche* monat* jahr* secondo secondi minuti ora ore giorn* settiman* mese mesi anni sekunde dakika saa siku wiki mwezi miezi mwaka miaka
		millisecond* nanosecond* microsecond* s ms ns min h`
	masses = `kg g mg kilo* gram* kilogram* milligram* ton tons tonne* tonelada* pound* lb ounce* oz quint* livre* libra* pfund* gramu`
	fills  = `l ml cl dl litre* liter* litro* litri lita millilit* mililit* gallon* cup cups tasse* taza* xicara* becher* vikombe kikombe bucket* balde* cubo* seau* eimer* ndoo
		spoon* teaspoon* cuill* cuchar* colher* loffel* kijiko vijiko bottle* bouteille* botella* garrafa* flasche* chupa byte* kilobyte* megabyte* gigabyte* kb mb gb bit bits`
	often = ` every each daily weekly monthly yearly annual* always never once twice often chaque toutes toujours jamais cada siempre nunca jeder jede jedes jeden alle immer nie einmal zweimal
		toda todo todos todas sempre ogni kila `
	powers = `v kv w kw mw a ah kva hp kwh volt* watt* kilowatt* amp* ohm* ps cv`
	warmth = `° c f k degree* degre* grad* grado* grau* celsius fahrenheit`
)

// aspects are what questions ask for most: prices, measures, people, times and
// what things look like and where they come from. A list is of use for what it
// holds of a language, not for one question: whoever wrote these had read the
// exposed questions of bench/qa, so only a sealed split can tell what they are
// worth. Words are plain: in lower case and without accents.
var aspects = [...]aspect{
	aspectCount: {},
	aspectTime: { // when
		ask:  newLexis(`lini`),
		lead: newLexis(`when quand cuando wann quando`),
		unit: newLexis(`h min mn`),
		show: newLexis(times + often + ` when while after before until till during once morning* evening* night* noon midnight afternoon* today tomorrow weekend* immediately soon later
			monday* tuesday* wednesday* thursday* friday* saturday* sunday* january february march april may june july august september october november december season* spring summer
			autumn winter
			lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre avant apres pendant lorsque quand des
			matin soir nuit midi saison*
			lunes martes miercoles jueves viernes sabado* domingo* enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre antes despues cuando hasta
			durante manana tarde noche temporada
			montag* dienstag* mittwoch* donnerstag* freitag* samstag* sonntag* januar februar marz juni juli oktober dezember vor nach wahrend wenn bis sobald morgen* abend* nacht*
			mittag*
			segunda terca quarta quinta sexta janeiro fevereiro marco maio junho julho setembro outubro novembro dezembro depois quando ate noite manha
			lunedi martedi mercoledi giovedi venerdi sabato domenica gennaio febbraio aprile maggio giugno luglio settembre ottobre novembre dicembre prima dopo
			jumatatu jumanne jumatano alhamisi ijumaa jumamosi jumapili januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba kabla baada wakati asubuhi
			jioni usiku mchana alfajiri`),
	},
	aspectSpan: { // how long, how often
		show: newLexis(often + ` until till forever permanent* jusqu hasta bis ate mpaka hadi fino`),
		unit: newLexis(times + ` s ms ns min mn h`),
	},
	aspectYear: {},
	aspectPerson: {
		ask:  newLexis(`nani`),
		lead: newLexis(`who whom whose qui quien quienes wer wen wem quem chi`),
		show: newLexis(`person people anybody anyone everybody everyone nobody somebody someone we staff child* adult* woman women man men boy* girl* widow* patient* reader* borrower* student* pupil* worker* member* committee* group* team* chair* treasurer* secretar* nurse* doctor*
			midwi* driver* guard* keeper* owner* neighbour* neighbor* teacher* parent* mother* father* families visitor* volunteer* manager*
			operator* user* customer* author* founder* inventor* editor* librarian* farmer* mason* mechanic* engineer* programmer* developer* president* mayor* minister*
			personne* gens enfant* adulte* femme* homme* eleve* membre* comite* equipe* gardien* infirmi* medecin* voisin* famille* responsable* animat* president* nous
			persona* gente nino* nina* adulto* mujer* hombre* alumno* miembro* equipo* enfermer* medic* vecin* familia* encargad* presidente nosotros nadie
			jemand* niemand* leute kind kinder* erwachsene* frau* mann* schuler* mitglied* gruppe* verein* nachbar* familie* leiter* verantwortlich* ansprechpartner* wir
			pessoa* crianca* adulto* mulher* homem* homens aluno* membro* equipa* equipe* enfermeir* vizinh* responsavel tecnic* ninguem
			mtu watu mtoto watoto mwanamke wanawake mwanaume wanaume mwanafunzi wanafunzi mwanachama wanachama kamati kikundi daktari muuguzi mwalimu mlinzi msimamizi mzazi wazazi`),
	},
	aspectPhone: {
		show: newLexis(`phone* telephone* telefon* simu call* ring appel* llam* anruf* lig* piga`), unit: newLexis(`phone* telephon* telefon* simu`), named: true,
	},
	{ // price and pay
		ask: newLexis(`cost costs price* fee fees expensive cheap salary salaries wage* earn earns cout* prix tarif* salaire* cher chere cuesta* cuestan precio* tarifa* salario* sueldo* coste kostet
			kosten preis* gehalt lohn leihgebuhr* gebuhr* custa custam preco* bei gharama mshahara nauli costa costano prezzo stipendio`),
		show: newLexis(`cost costs price* priced fee fees pay pays paid payment* free coin* money cent cents dollar* euro euros shilling* franc* pound pounds rupee* peso pesos real
			reais $ € £ salary wage* wages earn* cout* prix piece pieces payer paie paye* gratuit* argent salaire* cuest* precio* moneda* gratis gratuit* pag* cobr* dinero salario* sueldo*
			kost* preis* munz* gebuhr* frei kostenlos bezahl* zahl* geld gehalt lohn cust* preco* moeda* dinheiro bei gharama bure shilingi senti pesa lipa lipia hulipwa mshahara costa* prezz* pagare`),
		named: true,
	},
	{ // depth
		ask:   newLexis(`depth* profond* profund* tiefe kina`),
		how:   newLexis(`deep tief tiefe`),
		show:  newLexis(`deep* depth* profond* profund* tief* kina`),
		unit:  newLexis(lengths),
		named: true,
	},
	{ // length, height, width, thickness, distance, area
		ask: newLexis(`height length width thickness distance* diameter area hauteur longueur largeur epaisseur diametre superficie altura longitud anchura ancho grosor distancia* tamano
			hohe lange breite dicke entfernung abstand durchmesser grosse flache comprimento largura espessura tamanho altezza larghezza lunghezza distanza urefu upana umbali unene ukubwa`),
		how:   newLexis(`tall high wide thick far large big small narrow broad hoch breit dick weit gross`),
		show:  newLexis(`height high* tall* width wide* thick* thin* length longer distance* diameter size area hauteur haut* larg* epais* altura alto alta ancho* diametro hoch* hohe breit* dick* urefu upana umbali`),
		unit:  newLexis(lengths + " " + fills + ` hectare* hectarea* hektar* acre* ekari`),
		named: true,
	},
	{ // weight
		ask:  newLexis(`weigh* weight* poids pese pesent pesa pesan peso wiegt wiegen gewicht pesam uzito uzani`),
		how:  newLexis(`heavy light schwer leicht`),
		show: newLexis(`weigh* weight* heavy heavier poids pese* pesa pesan peso pesam wieg* gewicht* schwer* uzito uzani`), unit: newLexis(masses), named: true,
	},
	{ // temperature
		ask:  newLexis(`temperature* temperatur temperatura* joto`),
		how:  newLexis(`cold hot warm cool kalt heiss`),
		show: newLexis(`temperature* temperatur* joto freez* boil*`), unit: newLexis(warmth), named: true,
	},
	{ // speed
		ask:  newLexis(`speed* vitesse* velocidad* velocidade* geschwindigkeit* velocita kasi`),
		how:  newLexis(`fast quickly schnell`),
		show: newLexis(`speed* vitesse* velocidad* geschwindigkeit* kasi km mph kph`), unit: newLexis(times), named: true,
	},
	{ // volume, capacity
		ask:  newLexis(`volume* capacity capacite* contenance capacidad* fassungsvermogen volumen capacidade* ujazo`),
		show: newLexis(`volume* capacity hold holds contain* capacite* contient capacidad* fasst ujazo`), unit: newLexis(fills + " " + masses), named: true,
	},
	{ // electricity and power
		ask:  newLexis(`voltage* wattage* horsepower puissance* voltaje* potencia* spannung leistung voltagem`),
		show: newLexis(`voltage* wattage* horsepower puissance* voltaje* potencia* spannung* leistung* volt* watt* kilowatt*`), unit: newLexis(powers), named: true,
	},
	{ // age
		ask:  newLexis(`age ages aged alter edad edades idade idades umri`),
		how:  newLexis(`old alt`),
		show: newLexis(`age ages aged edad* idade* alter alt umri born nacio nasceu geboren`), unit: newLexis(times), named: true,
	},
	{ // colour
		ask: newLexis(`colour* color colors couleur* colores farbe* farben cor cores colore rangi`),
		show: newLexis(`colour* color* couleur* farb* cor cores rangi red green blue white black yellow brown grey gray orange pink purple rouge* vert verte* bleu* blanc* noir* jaune* rojo* verde*
			azul* blanco* blanca* negro* negra* amarill* rot* grun* blau* weiss* schwarz* gelb* vermelh* branc* preto* preta* amarel* nyekundu kijani buluu nyeupe nyeusi njano`),
	},
	{ // make
		ask:  newLexis(`brand* model manufacturer* marque* modele* fabricant* marca* modelo* fabricante* marke marken modell hersteller*`),
		show: newLexis(`brand* model* manufactur* marque* modele* fabric* marca* modelo* marke* modell* hersteller*`), named: true,
	},
	{ // addresses of the net
		ask:  newLexis(`email* mail courriel* correo* url website* password* passwort* contrasena* senha* nywila`),
		show: newLexis(`email* mail courriel* correo* @ http https www website* password* passwor* passe contrasena* senha* nywila`), named: true,
	},
	{ // beginnings: who or when something was founded, built, bought
		ask: newLexis(`founded founder* established fonde fondee* fondateur* fundado* fundada* fundo fundou fundador* gegrundet grunder* anzilishwa mwanzilishi fondato fondata
			built builder* construit* construyo construido* construida* construiu erbaut gebaut jengwa alijenga bought purchased achete* compro compraron comprado* comprada* comprou gekauft
			nunuliwa invented inventor* designed designer* invente* inventor* erfunden`),
		show: newLexis(`found* establish* fond* fund* grund* gegrund* anzilish* since built builder* construi* constru* erbaut gebaut jeng* bought purchas* achet* compr* kauf* gekauft nunu*
			invent* designed designer* erfund* created`),
	},
	{ // duty
		ask:  newLexis(`responsible coordinat* responsable* zustandig* verantwortlich* responsavel occupe encargad* msimamizi`),
		show: newLexis(`responsib* coordinat* manag* contact* kontakt* responsable* zustandig* verantwort* responsav* encargad* ansprechpartner* msimamizi`), named: true,
	},
}

// Places in aspects that the code names.
const (
	aspectCount = iota
	aspectTime
	aspectSpan
	aspectYear
	aspectPerson
	aspectPhone
)

var (
	count  = &aspects[aspectCount]
	clock  = &aspects[aspectTime]
	span   = &aspects[aspectSpan]
	year   = &aspects[aspectYear]
	person = &aspects[aspectPerson]
)

// phrase is several words that ask for something.
type phrase struct {
	words  []string
	n      int // words
	aspect *aspect
	counts bool // something that can be counted
}

// phrases are tried in order, so the longer ones come first.
var phrases = func() (out []phrase) {
	add := func(a *aspect, counts bool, list string) {
		for _, p := range strings.Split(list, ",") {
			words := strings.Fields(p)
			out = append(out, phrase{words, len(words), a, counts})
		}
	}
	add(year, false, `what year,which year,quelle annee,que ano,en que ano,em que ano,welches jahr,welchem jahr,mwaka gani,che anno`)
	add(clock, false, `how soon,how late,how early,what time,what times,which day,which days,what day,what days,what date,which month,what month,which week,at which hour,a quelle heure,quelle heure,
		quel jour,quels jours,quel mois,a que hora,que hora,que dia,que dias,en que mes,wie spat,um wie viel uhr,welche uhrzeit,an welchem tag,a que horas,que horas,que dias,em que dia,em que mes,
		saa gani,siku gani,mwezi gani,wakati gani,a che ora`)
	add(span, false, `how long,how often,how much time,how many times,combien de temps,combien de fois,tous les combien,toutes les combien,cuanto tiempo,cada cuanto,cuantas veces,wie lange,wie oft,
		quanto tempo,quantas vezes,de quanto em quanto,muda gani,mara ngapi,quanto dura,ogni quanto`)
	add(&aspects[aspectCount], true, `how many,combien de,combien d,cuantos,cuantas,wie viele,wieviele,quantos,quantas,quanti,quante,ngapi`)
	add(&aspects[aspectCount], false, `how much,combien,cuanto,cuanta,wie viel,wieviel,quanto,quanta,kiasi gani`)
	add(&aspects[aspectPerson], false, `which person,what person,quelle personne,que persona,welche person,que pessoa,mtu gani`)
	add(&aspects[aspectPhone], false, `phone number,telephone number,numero de telephone,numero de telefono,numero de telefone,telefonnummer,namba ya simu`)
	return out
}()

// phraseAt returns the phrase that words begin with.
func phraseAt(words []string) phrase {
	for _, p := range phrases {
		if len(words) < p.n {
			continue
		}
		same := true
		for i, w := range p.words {
			same = same && words[i] == w
		}
		if same {
			return p
		}
	}
	return phrase{}
}

// measures are units, those of one measure together.
var measures = []lexis{newLexis(lengths), newLexis(times), newLexis(masses), newLexis(fills), newLexis(powers), newLexis(warmth)}

// hows ask for a measure with the adjective that follows.
var hows = newLexis(`how wie`)

// joins may stand before a question word that begins a question or a part of one.
var joins = newLexis(`and or but by to for with from of at on in until since after et ou mais de d par pour avec a y o pero por para con desde und oder aber von mit fur an bis e ou
	com em na au kwa`)

// skipped may stand between "how many" and what it counts.
var skipped = newLexis(`different more other the of such new autres otros andere outros`)

// numbers are words for small numbers, which a sentence may use instead of digits.
var numbers = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`
none one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty hundred thousand half quarter third dozen
deux trois quatre cinq six sept huit neuf dix douze quinze vingt trente quarante soixante cent mille demi demie
dos tres cuatro cinco seis siete ocho nueve diez doce quince veinte treinta cuarenta cien mil medio media
eins zwei drei vier funf sechs sieben acht neun zehn zwolf funfzehn zwanzig dreissig vierzig sechzig hundert tausend halbe
dois duas tres quatro cinco seis sete oito nove dez doze quinze vinte trinta meia
moja mbili tatu nne tano sita saba nane tisa kumi ishirini thelathini mia elfu nusu robo`) {
		m[w] = true
	}
	return m
}()
