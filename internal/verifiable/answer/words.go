// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package answer

import "strings"

// speech is what the check knows of a language: words that deny, words that count, and words that
// measure and compare, which a sentence may take from a passage and not change: periods, days of the
// week, more and less. Words that are also articles ("one", "un") count nothing here. A language that
// is not here has figures alone.
type speech struct{ tag, denials, numbers, measures string }

var speeches = []speech{
	{"en", "not no never cannot without nobody nothing none neither nor don't doesn't isn't aren't can't won't shouldn't mustn't",
		"two=2 twice=2x three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 fifteen=15 twenty=20 thirty=30 forty=40 fifty=50 hundred=100 thousand=1000 half=0.5",
		"second=seconds minute=minutes hour=hours hourly=hours day=days daily=days week=weeks weekly=weeks month=months monthly=months year=years yearly=years annual=years more less fewer=less least most only all"},
	{"fr", "ne n pas sans jamais aucun aucune ni",
		"deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 dix=10 douze=12 quinze=15 vingt=20 trente=30 cent=100 mille=1000 demi=0.5 demie=0.5",
		"seconde=secondes minute=minutes heure=heures h=heures jour=jours semaine=semaines mois an=ans année=ans années=ans lundi mardi mercredi jeudi vendredi samedi dimanche plus moins seulement tous=tout toutes=tout"},
	{"es", "no sin nunca jamás ningún ninguna ni",
		"dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 doce=12 quince=15 veinte=20 treinta=30 cien=100 mil=1000 medio=0.5 media=0.5",
		"segundo=segundos minuto=minutos hora=horas día=días semana=semanas mes=meses año=años lunes martes miércoles jueves viernes sábado domingo más menos solo todos=todo todas=todo"},
	{"de", "nicht kein keine keinen keiner keinem nie niemals ohne",
		"zwei=2 zweimal=2x drei=3 dreimal=3x vier=4 fünf=5 sechs=6 sieben=7 acht=8 neun=9 zehn=10 zwölf=12 fünfzehn=15 zwanzig=20 dreißig=30 hundert=100 tausend=1000",
		"sekunde=sekunden minute=minuten stunde=stunden tag=tage tagen=tage täglich=tage woche=wochen wöchentlich=wochen monat=monate monaten=monate jahr=jahre jahren=jahre mehr weniger nur"},
	{"pt", "não sem nunca jamais nenhum nenhuma nem",
		"dois=2 duas=2 três=3 quatro=4 cinco=5 seis=6 sete=7 oito=8 nove=9 dez=10 doze=12 quinze=15 vinte=20 trinta=30 cem=100 mil=1000 meio=0.5 meia=0.5",
		"segundo=segundos minuto=minutos hora=horas dia=dias semana=semanas mês=meses ano=anos segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo mais menos só primeiro=primeiros último=últimos"},
	{"it", "non senza mai nessuno nessuna né",
		"due=2 tre=3 quattro=4 cinque=5 sei=6 sette=7 otto=8 nove=9 dieci=10 dodici=12 quindici=15 venti=20 trenta=30 cento=100 mille=1000 mezzo=0.5",
		"secondo=secondi minuto=minuti ora=ore giorno=giorni settimana=settimane mese=mesi anno=anni lunedì martedì mercoledì giovedì venerdì sabato domenica più meno solo"},
	{"nl", "niet geen nooit zonder",
		"twee=2 tweemaal=2x drie=3 vier=4 vijf=5 zes=6 zeven=7 acht=8 negen=9 tien=10 twaalf=12 vijftien=15 twintig=20 dertig=30 honderd=100 duizend=1000",
		"seconde=seconden minuut=minuten uur=uren dag=dagen dagelijks=dagen week=weken maand=maanden jaar=jaren maandag dinsdag woensdag donderdag vrijdag zaterdag zondag meer minder alleen"},
	{"sw", "si sio bila wala hapana",
		"mbili=2 tatu=3 nne=4 tano=5 sita=6 saba=7 nane=8 tisa=9 kumi=10 ishirini=20 thelathini=30 mia=100 elfu=1000",
		"sekunde dakika saa siku wiki mwezi=miezi mwaka=miaka jumatatu jumanne jumatano alhamisi ijumaa jumamosi jumapili zaidi tu"},
}

// vocabulary is what is known of the words of some passages' languages.
type vocabulary struct {
	stop, deny map[string]bool
	count      map[string]string
	nouns      bool // begin with a capital, so that names are not known by it
}

// measure begins the term of a word that measures.
const measure = "="

func (v *vocabulary) learn(tag string) {
	v.nouns = v.nouns || tag == "de"
	for _, s := range speeches {
		if s.tag != tag {
			continue
		}
		for _, w := range strings.Fields(s.denials) {
			v.deny[w] = true
		}
		for _, pair := range strings.Fields(s.numbers) {
			w, n, _ := strings.Cut(pair, "=")
			v.count[w] = n
		}
		for _, pair := range strings.Fields(s.measures) {
			w, same, both := strings.Cut(pair, "=")
			if !both {
				same = w
			}
			v.count[w], v.count[same] = measure+same, measure+same
		}
	}
}
