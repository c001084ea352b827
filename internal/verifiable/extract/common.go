// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package extract

import "strings"

// common are words that questions are built with and that say little about what
// is asked for, in the languages of bench/qa and Italian: the commonest verbs, the
// vaguest nouns and adjectives, adverbs of time and degree. A statistic over one
// small library cannot know that "go" is common and "Netflix" is not.
var common = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`
ask ask asks begin begins call called come comes find get gets getting give given gives giving go goes going gone happen happens help helps keep keeps know leave let
look make makes made making mean means need needs needed needs put puts run say says seem seems set show start started starts take taken takes taking tell try turn
use used uses using want wants work works
anybody anything anyone bit case else everybody everything everyone kind lot number part people person piece place point somebody someone something sort thing things time times way ways
bad best better big different early fast first good great last large late little long new next old own possible real right same short small sure whole wrong
actually again ago already also always away back early else enough ever exactly fast here instead just maybe never now often please quickly quite really since soon still then
there together too up usually yet
aller appeler arriver demander devoir dire doit dois donner doivent faut fait font laisser mettre montrer passer pouvoir prendre rester savoir trouver utiliser venir vouloir
chose choses endroit façon fois gens manière moment partie personne quelqu'un quelque type
bon bonne dernier dernière grand grande mauvais meilleur même nouveau nouvelle petit petite possible premier première vieux
alors après aujourd'hui aussi avant beaucoup bien déjà encore ensuite ici jamais maintenant mieux moins parfois peu souvent toujours tôt trop vite vraiment
buscar dar dejar debe debo decir empezar encontrar haber hablar ir llamar llevar llegar necesita necesito pasar pedir poner puede puedo quiero saber sirve sucede tengo tiene tomar
usar utilizar venir volver
alguien cosa cosas forma gente lugar manera parte persona personas tipo vez veces
buen bueno buena gran grande mejor mismo misma nuevo nueva pequeño peor primer primera primero último última viejo
ahora ahí antes aquí aún bien después entonces hoy luego mucho muy nunca otra otro otros pronto siempre siquiera tarde todavía ya
anfangen bekomme bekommen bleiben bringen brauche brauchen darf finden geben gehen geht gibt haben halten helfen kann kommen kommt lassen legen machen mache macht müssen nehmen nimmt
passiert sagen sehen setzen sollen soll stellen tun tut verwenden werden wissen wollen
art ding dinge jemand leute mal ort person sache stelle teil weise
alt erste ersten ganz groß gut klein lange letzte letzten neu neue neuen richtig schlecht
bald dann dort eigentlich hier immer jetzt manchmal mehr nie noch oft schnell schon sehr wieder zuerst zuletzt
achar chamar chegar começar conseguir dá dar deixar deve devo dizer encontrar falar ficar fica ir levar pedir pegar perguntar pode precisa preciso quer quero saber tem tenho tomar
usar vai vir voltar
alguém coisa coisas forma gente jeito lugar maneira parte pessoa pessoas tipo vez vezes
boa bom grande mesmo mesma melhor novo nova outra outras outro outros pequeno pior primeira primeiro última último velho
agora ainda antes aqui bem cedo depois então hoje já logo muito nunca sempre sim tarde também
fanya fanyika inaweza kufanya kuja kuweza kwenda naweza nataka pata tumia unaweza weka
aina jambo kitu mahali mtu namna sehemu vitu watu wakati
kubwa mpya ndogo nzuri sasa kisha kwanza pia sana tena tu zaidi bado leo
andare avere chiamare dare deve devo dire essere fare mettere posso prendere sapere serve trovare usare venire vuole
cosa cose modo parte persona persone posto qualcosa qualcuno tipo volta volte
buono grande migliore nuovo nuova piccolo primo prima stesso ultimo vecchio
adesso ancora bene dopo già mai molto oggi ora poi qui sempre spesso subito tardi troppo`) {
		m[w] = true
	}
	return m
}()
