import { readdirSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import en from './en';
import es from './es';
import fr from './fr';
import km from './km';

interface Tree {
  [key: string]: string | Tree;
}

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + key, value);
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) found.set(inner, text);
  }
  return found;
}

const english = flat(en);
const others = { es: flat(es), fr: flat(fr), km: flat(km) };

function placeholders(text: string): string[] {
  return (text.match(/{{\w+}}/g) ?? []).sort();
}

/** A plural has the forms of its language: Khmer knows one, French and Spanish may know a third for millions. */
function stem(key: string): string {
  return key.replace(/_(one|many|other)$/, '');
}

test.each(Object.entries(others))(
  '%s has the words of English, each with the same placeholders',
  (_, words) => {
    expect(new Set([...words.keys()].map(stem))).toEqual(new Set([...english.keys()].map(stem)));
    for (const [key, text] of english) {
      if (words.has(key)) expect(placeholders(words.get(key) ?? ''), key).toEqual(placeholders(text));
    }
  },
);

test.each(Object.entries({ en: english, ...others }))('%s leaves no word empty', (_, words) => {
  expect([...words].filter(([, text]) => text.trim() === '')).toEqual([]);
});

test('Khmer is written in Khmer', () => {
  const latin = [...others.km].filter(
    ([, text]) => !/[\u1780-\u17ff]/.test(text) && /[A-Za-z]{4,}/.test(text.replaceAll(/{{\w+}}/g, '')),
  );

  expect(latin.map(([key]) => key)).toEqual([]);
});

test('every word is used', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.startsWith('api/') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(`src/${file}`, 'utf8'))
    .join('\n');
  // A key may be put together from a fixed beginning and a code: t(`till.state.${status}`).
  const beginnings = [...sources.matchAll(/`((?:\w+\.)+)\$\{/g)].map(([, beginning = '']) => beginning);

  const unused = [...new Set([...english.keys()].map(stem))].filter(
    (key) => !sources.includes(`'${key}'`) && !beginnings.some((beginning) => key.startsWith(beginning)),
  );

  expect(unused).toEqual([]);
});
