import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { canonical, hex, holds, leafHash, rootOf, unbase64, verifyProof } from './verify';
import type { Proof } from './verify';

const example = '../docs/reference/example';
const text = readFileSync(`${example}/proof.json`, 'utf8');
const keys: unknown = JSON.parse(readFileSync(`${example}/jwks.json`, 'utf8'));
const fresh = () => JSON.parse(text) as Proof;

async function isAccepted(proof: unknown, known = keys): Promise<boolean> {
  try {
    return holds(await verifyProof(proof, known));
  } catch {
    return false;
  }
}

test('the proof of the reference holds, every step of it', async () => {
  const steps = await verifyProof(fresh(), keys);

  expect(steps.map((step) => [step.name, step.result])).toEqual(
    ['content', 'envelope', 'path', 'evidence', 'bound', 'checkpoint'].map((name) => [name, 'holds']),
  );
});

test('canonical JSON sorts by UTF-16 units and writes numbers as ECMAScript does', () => {
  expect(canonical({ '€': 1, '\r': 2, '1': 0.000001, '😀': true })).toBe(
    '{"\\r":2,"1":0.000001,"€":1,"😀":true}',
  );
});

/** Every place in a document where a text, a number or a list stands. */
function* places(
  value: unknown,
  path: readonly (string | number)[] = [],
): Generator<readonly (string | number)[]> {
  if (typeof value !== 'object' || value === null) yield path;
  else
    for (const [key, inner] of Object.entries(value))
      yield* places(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

function changed(path: readonly (string | number)[], change: (value: unknown) => unknown): Proof {
  const proof = fresh();
  let at = proof as unknown as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  at[last] = change(at[last]);
  return proof;
}

/** One character becomes another of its kind. */
function flipped(value: unknown, at: number): unknown {
  if (typeof value === 'number') return value + 1;
  const given = value as string;
  const other = given[at] === 'a' ? 'b' : given[at] === '1' ? '2' : /[0-9]/.test(given[at] ?? '') ? '1' : 'a';
  return given.slice(0, at) + other + given.slice(at + 1);
}

describe('whatever is altered is found', () => {
  test.each([...places(fresh())].map((path) => [path.join('.'), path] as const))('%s', async (_, path) => {
    const size = String(
      path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], fresh()),
    ).length;
    // Long texts are tried at many places, short ones at each.
    const step = Math.max(1, Math.floor(size / 40));

    for (let at = 0; at < size; at += step) {
      const proof = changed(path, (value) => flipped(value, at));
      expect(await isAccepted(proof), `character ${at}`).toBe(false);
    }
  });

  test.each(['leaf', 'content', 'envelope', 'inclusion', 'checkpoint', 'evidence_jws', 'format'])(
    'without %s',
    async (member) => {
      const proof = Object.fromEntries(Object.entries(fresh()).filter(([name]) => name !== member));

      expect(await isAccepted(proof)).toBe(false);
    },
  );

  test('with a member more', async () => {
    expect(await isAccepted({ ...fresh(), more: 1 })).toBe(false);
  });

  test('with a path that is longer, shorter, or in another order', async () => {
    const { hashes } = fresh().inclusion;
    const others = [[...hashes, hashes[0]], hashes.slice(1), hashes.slice(0, -1), hashes.toReversed(), []];

    for (const other of others) {
      expect(await isAccepted(changed(['inclusion', 'hashes'], () => other))).toBe(false);
    }
  });

  test('with the keys of somebody else', async () => {
    expect(await isAccepted(fresh(), { keys: [] })).toBe(false);
  });

  test('with a key that was retired before', async () => {
    const known = structuredClone(keys) as { keys: { exp?: number }[] };
    for (const key of known.keys) key.exp = 1;

    expect(await isAccepted(fresh(), known)).toBe(false);
  });
});

interface Vector {
  leafIdx: number;
  treeSize: number;
  root: string;
  leafHash: string;
  proof: string[] | null;
  desc: string;
  wantErr: boolean;
}

test('the tree of one leaf is the leaf', async () => {
  const leaf = await leafHash(new Uint8Array());

  expect(hex(leaf)).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  expect(hex(await rootOf(0, 1, leaf, []))).toBe(hex(leaf));
});

const vectors = JSON.parse(readFileSync('../api/tests/vectors/merkle/inclusion.json', 'utf8')) as Vector[];

describe('public vectors of RFC 6962 proofs', () => {
  test.each(vectors.map((vector) => [vector.desc, vector] as const))('%s', async (_, vector) => {
    const found = await rootOf(
      vector.leafIdx,
      vector.treeSize,
      unbase64(vector.leafHash),
      (vector.proof ?? []).map((hash) => unbase64(hash)),
    ).then(hex, () => 'refused');

    expect(found === hex(unbase64(vector.root))).toBe(!vector.wantErr);
  });
});
