// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package lang

// words lists the commonest function words of the languages that share the
// Latin script, lower case, in tag order. A word may stand in several lists; it
// then counts proportionally less for each.
var words = []struct{ tag, list string }{
	{"de", `aber alle als am an auch auf aus bei bis da damit das dass dem den der des
die dies diese dieser doch durch ein eine einem einen einer eines er es für hat
haben hier ich im in ist kann können man mehr mit müssen nach nicht noch nur oder
sein sich sie sind so soll sollte über um und uns unter vom von vor war was welche
wenn werden wie wir wird zu zum zur zwischen wann warum welcher wer wo`},
	{"en", `a about after all also an and any are as at be been before but by can do does
for from has have he how if in into is it its may more must no not of on one only
or other our should so some such than that the their them then there these they
this to under up use was we were what when where which who will with would you
your`},
	{"es", `a al antes así aunque cada como con cual cuando de debe deben del desde después
donde el ella en entre es esta está están este esto estos fue ha han hasta hay la
las le les lo los más me mi muy no nos o para pero por porque puede pueden que qué
quien se sea según ser si sin sobre son su sus también tiene todo todos un una uno
unos y ya cómo cuál cuándo cuánto cuántos dónde quién`},
	{"fr", `à au aussi aux avant avec avoir c ce cela ces cette chaque comme d dans de des
doit doivent donc du elle elles en entre est et été être fait faut il ils je l la
le les leur leurs lors lorsque mais même n ne nous on ont ou où par pas peut
peuvent plus pour qu quand que qui s sa sans se ses si son sont sous sur tout tous
très un une vers vous y combien comment quel quelle quelles quels`},
	{"it", `a ai al alla alle anche c che chi ci come con cosa da dal dalla dei del della
delle deve di dopo dove e è ed essere fra gli ha hanno i il in io l la le lo ma
nel nella nelle nei non o ogni per perché più poi prima può quando quale quella
quello questa questo se senza si sia sono su sua sul sulla suo tra tutti tutto un
una uno`},
	{"nl", `aan al alle als bij dan dat de deze die dit door dus een en er geen had heb
heeft het hij hoe hun ik in is je kan kunnen maar meer men met moet moeten na naar
niet nog nu of om onder ook op over te tegen tot tussen u uit uw van veel voor
waar wanneer was wat we welke werd wie wij worden wordt ze zich zijn zo zonder`},
	{"pt", `a ao aos antes após as até cada com como da das de deve devem do dos e é ela
ele eles em entre era essa esse esta está estão este foi há isso já lhe mais mas
me mesmo muito na nas não nem no nos nós o onde os ou para pela pelo pelos pode
podem por porque qual quando que quem são se sem ser seu seus sob sobre sua suas
também tem todos um uma você quais quanto`},
	{"sw", `ajili ambao ambayo au baada bila cha hadi hapa hata hii hilo hivyo hiyo hizo
huo huu ikiwa ili ingawa jinsi kabla kama karibu kati katika kila kisha kuhusu kuna
kutoka kutumia kuwa kwa kwamba kwenye la lakini lazima mbalimbali mara mtu na nchi
ndani ni nini pamoja pia sana sasa si tu vya wa wakati wake wako wao watu wote ya
yake yako yao za zaidi zake`},
}
