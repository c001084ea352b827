// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"math/rand/v2"
	"strings"
)

// hard are texts that are cut into words in ways that are easily got wrong.
var hard = []string{
	"", " ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", " \n", "\n ", "a", " a", "a ", "  a", "   a  ", "a\n", "a \n\n b", "a\t\tb", "\t\ta", "a \t \n \t b",
	"1", "12", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "12345678901", "123456789012", " 1", "  12  345",
	"v1.2.3", "3.14159", "1,234,567.89", "x1y22z333", "1st 2nd 10th", "0x1F", "1e-05", "٠١٢٣٤", "१२३४५", "½ ⅓ Ⅳ ² ①", "五百 五百五", "12٣४5", "１２３４",
	"I'm you're he's she'd we'll they've can't", "I'M YOU'RE HE'S SHE'D WE'LL THEY'VE CAN'T", "I'Ll You'rE", "'s 's't're", "''s", "x'sy", "'S'T'D", "'re1", "a' s",
	"’s don’t", "'lL'Ve", "o'clock", "rock'n'roll", "HE'SELF he'Self 'TISn't O'REilly we'LLs 'ſx", "' t", "1's", "\n's", "it's\n", "'", "''", "'é", "'s's's",
	"Hello, world!", "Hello,world", "(hello)", "[a][b]", "a-b--c", "...", "…wait…", "a.b.c", "!?!?\n\n", "?\r\n", "!\n !", "“quoted”", "«oui»", "¿qué?", "a/b//c/\n/d", "https://example.org/a?b=c&d=%20#e",
	"//\n", "+/\r\n/", "x = y/z;", "e-mail@example.org", "#tag @name $5 €5 5€ £3", "a_b __init__ snake_case", "C++ C# .NET", "~`^|<=>+$", "a`b`c", "$x^2$",
	"func main() {\n\tfmt.Println(\"x\")\n}\n", "if (a && b) {\n    return c[0];\n}", "<html>\n  <p class='x'>&amp;</p>\n</html>", "for i in range(10):\n        pass", "{\"a\": [1, 2.5, null]}", "SELECT * FROM t WHERE x='y';", "/* c */ // d", "\\n\\t\\x00", "a\\b",
	"camelCase PascalCase HTTPServer XMLHttpRequest iPhone aB Ab AB abC ABc", "ÉCOLE école École éÉ aÉ Éa", "ΑΒΓ αβγ Αβγ", "ДОМ дом Дом дОМ", "ǅ ǅa aǅ Aǅ ǅǅ ǈip", "ßẞ straße STRASSE", "ﬁ ﬆ ſ 'ſ s'ſ", "K Å", "İstanbul ı",
	"Ա՛յբ ԱԲԳ աբգ", "ქართული ᲥᲐᲠᲗᲣᲚᲘ", "Ꭰꭰ ᏸ", "𝐀𝐛𝟏 𝔘𝔫𝔦", "𐐀𐐨", "ʰʲ aʰB ʰ", "ªº 1ª",
	"你好，世界。", "日本語のテキスト、カタカナ。", "한국어 텍스트", "你好world你好", "中文 英文 mixed混合text", "「引用」『二重』", "㈱ ㌔", "々〆ヶ", "ｶﾀｶﾅ Ｆｕｌｌ　ｗｉｄｔｈ！",
	"مرحبا بالعالم", "السَّلَامُ عَلَيْكُمْ", "فارسی می\u200cخواهم", "ـــ", "שלום עולם", "שָׁלוֹם", "हिन्दी में पाठ", "क्षत्रिय कि की", "বাংলা", "தமிழ் எழுத்து", "ไทยภาษา น้ำ", "ພາສາລາວ", "မြန်မာ", "ភាសាខ្មែរ", "བོད་ཡིག", "አማርኛ",
	"e\u0301te\u0301", "E\u0301A", "a\u0308B", "\u0301", " \u0301a", "n\u0303\u0303", "Z͑ͫ̓a̴l̷g̸o̵", "1\u0301", "1\u20e3", "\u0301\u0301A",
	"😀", "😀😀", " 😀", "a😀b", "👨‍👩‍👧‍👦", "👍🏽 👍", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️", "☺ ☺️", "1️⃣ #️⃣", "😀\n", "😀 \n", "→ ← ≠ ∑ √2", "♪♫",
	"\x00", "a\x00b", "\x01\x02", "\x1b[31mred\x1b[0m", "\x7f", "\x1c\x1d\x1e\x1f", "a\x1fb", "\u0080\u009f", "\v\f", "a\vb\fc", "\u0085a", "a\u0085\u0085b",
	"\u00a0", "a\u00a0b", "\u00a0\u00a0a", " \u00a0a", "\u00a0 a", "\u00a0'a", "a\u2003\u2003b", "\u2028a\u2029", "a\u202fb 1\u202f000", "\u3000a", "\u3000\u3000あ", "\u1680a", "a\u205fb", "\u200b", "a\u200bb", "\ufeffa", "a\u2060b", "\u180ea", "soft\u00adhyphen", "\u200e\u200fa",
	"a\u00a0\n\u00a0b", "a\n\u2003b", " \r \n \r", "a\r\rb", "\r\na\r\n", "a \r\n b", "a\n\n\n\nb", "a\n \n \nb", "    \n    a", "a    b", "a     ", "     a", "1    2", "!    !", " \t a", "\t a", "a\t b", "\n\t\ta", "\t\n",
	"\ufffd", "\ufffda", "\ue000\uf8ff", "\U0010ffff", "a\u0378b", "\U000e0041", "\ufdd0",
	"The quick brown fox jumps over the lazy dog.", "In 2024, 3.5% of 1,000,000 people (35,000) said: \"It's fine.\"", "Ünïcödé tèxt wîth ãccénts", "Привет, мир! Ёлка.", "Ελληνικά, ΕΛΛΗΝΙΚΆ;", "Tiếng Việt có dấu", "Zażółć gęślą jaźń", "İ'S ı's",
	"abc123def456", "123abc", "abc 123", "a1 b2", "1a 2b", "α1β2", "你1好2", "-1 +2 *3", "1-2 3 - 4", "10:30", "50%", "$1.50", "½kg", "x²+y²", "H₂O", "a\u00b9", "1\n2\n3", " 1 2 3 ", "\n1", "1\n", "1 \n 2",
}

// mixtures are n texts of pieces that meet each other at random, the same ones each time.
func mixtures(n int) []string {
	pieces := strings.Split("a|b|Z|the|The|THE|é|É|ß|Σ|σ|ж|Ж|ǅ|ʰ|ქ|Ქ|中|の|カ|한|ع|َ|ש|ि|क|ก|ั|\u0301|\u200d|😀|🏽|️|1|2|34|567|89012|٣|½|Ⅳ|'|'s|'T|'re|'LL|’|\"|.|,|!|?|-|_|/|\\|(|)|+|$|€|^|`|~|…|、|。|「|！|\x00|\x1b|\u0085|\u200b| | |  |   |    |\t|\n|\n|\n\n|\r\n|\r|\v|\u00a0|\u2003|\u2028|\u3000|\ufffd|\ue000", "|")
	r := rand.New(rand.NewPCG(1, 2)) // any seed: it is written down here
	out := make([]string, n)
	for i := range out {
		for range 1 + r.IntN(12) {
			out[i] += pieces[r.IntN(len(pieces))]
		}
	}
	return out
}
