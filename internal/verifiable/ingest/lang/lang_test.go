// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package lang_test

import (
	"slices"
	"testing"

	"dsai.example/dsai/internal/verifiable/ingest/lang"
)

func TestDetect(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"english", "Wash your hands before you touch the wound, and keep the dressing dry.", "en"},
		{"english query", "how do I store the vaccine", "en"},
		{"french", "Lavez-vous les mains avant de toucher la plaie et gardez le pansement au sec.", "fr"},
		{"french elision", "L'eau n'est pas potable; faites-la bouillir pendant dix minutes.", "fr"},
		{"spanish", "Lávese las manos antes de tocar la herida y mantenga el vendaje seco.", "es"},
		{"spanish query", "¿cómo se guarda la vacuna?", "es"},
		{"german", "Waschen Sie sich die Hände, bevor Sie die Wunde berühren, und halten Sie den Verband trocken.", "de"},
		{"german query", "wie lange ist der Impfstoff haltbar", "de"},
		{"portuguese", "Lave as mãos antes de tocar na ferida e mantenha o curativo seco e limpo.", "pt"},
		{"italian", "Lavare le mani prima di toccare la ferita e tenere la medicazione asciutta per più giorni.", "it"},
		{"dutch", "Was uw handen voordat u de wond aanraakt en houd het verband droog.", "nl"},
		{"swahili", "Osha mikono yako kabla ya kugusa jeraha na weka bandeji kavu kwa siku tatu.", "sw"},
		{"arabic", "اغسل يديك قبل لمس الجرح", "ar"},
		{"russian", "Вымойте руки перед тем, как прикасаться к ране.", "ru"},
		{"chinese", "触摸伤口前请洗手。", "zh"},
		{"japanese", "傷口に触れる前に手を洗ってください。", "ja"},
		{"hindi", "घाव को छूने से पहले अपने हाथ धो लें।", "hi"},
		{"korean", "상처를 만지기 전에 손을 씻으십시오.", "ko"},
		{"mostly latin", "The word привет is a greeting that is used in Russia.", "en"},
		{"empty", "", ""},
		{"numbers", "12 345 67.8", ""},
		{"names", "Amoxicillin 500mg Paracetamol Ibuprofen", ""},
		{"code", "x := foo(bar, baz); y += qux[i]; for_in(a1); ret(y)", ""},
		{"invalid utf-8", "\xff\xfe\xfd", ""},
	} {
		if got := lang.Detect([]byte(c.text)); got != c.want {
			t.Errorf("%s: Detect(%q) = %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestStopWords(t *testing.T) {
	for _, tag := range lang.Languages() {
		list := lang.StopWords(tag)
		if !slices.IsSorted(list) {
			t.Errorf("StopWords(%q) is not sorted", tag)
		}
		if n := len(slices.Compact(slices.Clone(list))); n != len(list) {
			t.Errorf("StopWords(%q) has %d duplicates", tag, len(list)-n)
		}
		for _, w := range list {
			if len(w) > 20 {
				t.Errorf("StopWords(%q) has %q, longer than Detect looks at", tag, w)
			}
		}
	}
	for _, tag := range []string{"de", "en", "es", "fr", "it", "nl", "pt", "sw"} {
		if n := len(lang.StopWords(tag)); n < 60 {
			t.Errorf("len(StopWords(%q)) = %d, want at least 60", tag, n)
		}
	}
	if got := lang.StopWords("xx"); got != nil {
		t.Errorf("StopWords(xx) = %v, want nil", got)
	}
}

func FuzzDetect(f *testing.F) {
	f.Add([]byte("the wound"))
	f.Add([]byte("\xff傷の"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := lang.Detect(b); got != "" && !slices.Contains(lang.Languages(), got) {
			t.Errorf("Detect(%q) = %q, not in Languages", b, got)
		}
	})
}

func BenchmarkDetect(b *testing.B) {
	text := []byte("Wash your hands before you touch the wound, and keep the dressing dry.")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		lang.Detect(text)
	}
}
