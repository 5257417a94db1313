/**
 * Verifies a `tillvault-proof/1` (docs/reference/vault-formats.md) in the browser, from the proof and the published
 * keys alone: nothing is asked of the vault that made it. RFC 8785 for what is hashed, RFC 9162 for the path, RFC 7515
 * for the evidence, C2SP signed notes for the checkpoint.
 */

export type StepName = 'content' | 'envelope' | 'path' | 'evidence' | 'bound' | 'checkpoint';
export interface Step {
  name: StepName;
  /** What holds, what is broken, and what this browser cannot check. */
  result: 'holds' | 'broken' | 'unchecked';
  detail: string;
}

interface Jwk extends JsonWebKey {
  kid: string;
  nbf?: number;
  exp?: number;
}
interface Leaf {
  content_sha256: string;
  document_id: string;
  envelope_sha256: string;
  index: number;
  log: string;
  prev: string;
  received_at: string;
  stream: string;
  stream_seq: number;
  type: string;
  v: number;
}
export interface Proof {
  format: string;
  leaf: string;
  content: Record<string, unknown>;
  envelope: Record<string, unknown>;
  inclusion: { index: number; tree_size: number; hashes: string[] };
  checkpoint: string;
  evidence_jws: string;
}

const MEMBERS = ['checkpoint', 'content', 'envelope', 'evidence_jws', 'format', 'inclusion', 'leaf'];
const encoder = new TextEncoder();

/** RFC 8785: ECMAScript writes numbers and text as it asks for, and sorts names by their UTF-16 units. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'number' && Math.abs(value) >= 2 ** 53) throw new Error('a number is out of range');
    return JSON.stringify(value);
  }
  const members = value as Record<string, unknown>;
  const names = Object.keys(members).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(members[name])}`).join(',')}}`;
}

type Bytes = Uint8Array<ArrayBuffer>;

async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', joined));
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function unhex(text: string): Bytes {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error('not hexadecimal');
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Base64, refused where another text would give the same bytes. */
export function unbase64(text: string, isUrl = false): Bytes {
  const standard = isUrl ? text.replaceAll('-', '+').replaceAll('_', '/') : text;
  const bytes = Uint8Array.from(atob(standard), (char) => char.charCodeAt(0));
  const again = btoa(String.fromCharCode(...bytes));
  if ((isUrl ? again.replaceAll('=', '') : again) !== standard) throw new Error('not canonical base64');
  return bytes;
}

export async function leafHash(leaf: Uint8Array): Promise<Bytes> {
  return sha256(Uint8Array.of(0), leaf);
}

/** The root to which a leaf's path leads (RFC 9162, section 2.1.3.2). Throws where the path does not fit the tree. */
export async function rootOf(
  index: number,
  size: number,
  hash: Uint8Array,
  path: readonly Uint8Array[],
): Promise<Uint8Array> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) {
    throw new Error('the index does not fit the tree');
  }
  let at = BigInt(index);
  let last = BigInt(size - 1);
  let root = hash;
  for (const sibling of path) {
    if (sibling.length !== 32) throw new Error('the path holds what is no hash');
    if (last === 0n) throw new Error('the path is too long');
    if (at % 2n === 1n || at === last) {
      root = await sha256(Uint8Array.of(1), sibling, root);
      while (at !== 0n && at % 2n === 0n) {
        at /= 2n;
        last /= 2n;
      }
    } else {
      root = await sha256(Uint8Array.of(1), root, sibling);
    }
    at /= 2n;
    last /= 2n;
  }
  if (last !== 0n) throw new Error('the path is too short');
  return root;
}

interface Note {
  text: string;
  origin: string;
  size: number;
  root: Bytes;
  keyId: string;
  signature: Bytes;
}

export function noteOf(checkpoint: string): Note {
  const found =
    /^((.+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n)\n— ([^\s+]+) ([A-Za-z0-9+/]+=*)\n$/u.exec(
      checkpoint,
    );
  if (found === null) throw new Error('the checkpoint is no signed note');
  const [, text = '', origin = '', size = '', root = '', name = '', signed = ''] = found;
  if (name !== origin) throw new Error('the checkpoint is signed under another name');
  const bytes = unbase64(signed);
  return {
    text,
    origin,
    size: Number(size),
    root: unbase64(root),
    keyId: hex(bytes.slice(0, 4)),
    signature: bytes.slice(4),
  };
}

const second = (moment: string) => Math.floor(Date.parse(moment) / 1000);

class Verifier {
  readonly steps: Step[] = [];
  private readonly leafBytes: Bytes;
  private readonly leaf: Leaf;

  constructor(
    private readonly proof: Proof,
    private readonly keys: readonly Jwk[],
  ) {
    this.leafBytes = encoder.encode(proof.leaf);
    this.leaf = JSON.parse(proof.leaf) as Leaf;
  }

  /** One step: what it throws is what is broken. */
  private async step(name: StepName, check: () => Promise<string | null>): Promise<void> {
    try {
      const detail = await check();
      this.steps.push(
        detail === null ? { name, result: 'unchecked', detail: '' } : { name, result: 'holds', detail },
      );
    } catch (error) {
      this.steps.push({
        name,
        result: 'broken',
        detail: error instanceof Error ? error.message : String(error),
      });
    }
  }

  async run(): Promise<Step[]> {
    await this.step('content', () => this.content());
    await this.step('envelope', () => this.envelope());
    await this.step('path', () => this.path());
    await this.step('evidence', () => this.evidence());
    await this.step('bound', () => this.bound());
    await this.step('checkpoint', () => this.checkpoint());
    return this.steps;
  }

  private async content(): Promise<string> {
    const { leaf, proof } = this;
    need(proof.format === 'tillvault-proof/1', 'this is another format');
    need(
      canonical(Object.keys(proof).sort()) === canonical(MEMBERS),
      'there are other members than there should be',
    );
    need(
      canonical(leaf) === proof.leaf && leaf.v === 1 && leaf.type === 'ticket',
      'the leaf is not as it is written',
    );
    const digest = hex(await sha256(encoder.encode(canonical(proof.content))));
    need(digest === leaf.content_sha256, 'the content is not the leaf’s');
    return digest;
  }

  private async envelope(): Promise<string> {
    const { leaf, proof } = this;
    const digest = hex(await sha256(encoder.encode(canonical(proof.envelope))));
    need(digest === leaf.envelope_sha256, 'the envelope is not the leaf’s');
    const tenant = leaf.log.slice(leaf.log.lastIndexOf('/') + 1);
    need(
      proof.envelope.tenant === tenant &&
        proof.envelope.source_id === proof.content.source_id &&
        (proof.envelope.pos_session ?? null) === (proof.content.pos_session ?? null),
      'the envelope is of another ticket',
    );
    return digest;
  }

  private async path(): Promise<string> {
    const { leaf, proof } = this;
    const note = noteOf(proof.checkpoint);
    need(note.origin === leaf.log, 'the checkpoint is of another log');
    need(
      proof.inclusion.index === leaf.index && proof.inclusion.tree_size === note.size,
      'the path is another leaf’s',
    );
    const path = proof.inclusion.hashes.map(unhex);
    const root = await rootOf(leaf.index, note.size, await leafHash(this.leafBytes), path);
    need(hex(root) === hex(note.root), 'the path does not lead to the root');
    return hex(root);
  }

  private async evidence(): Promise<string> {
    const [head = '', body = '', signature = '', ...more] = this.proof.evidence_jws.split('.');
    need(more.length === 0, 'the evidence is no signed token');
    const header = parsed(head) as { alg?: string; kid?: string; crit?: unknown };
    need(header.alg === 'ES256' && header.crit === undefined, 'the evidence is not signed with ES256');
    const key = this.keys.find((one) => one.kid === header.kid && one.kty === 'EC');
    if (key === undefined) throw new Error('the key of the evidence is not among the published ones');
    const signed = unbase64(signature, true);
    need(signed.length === 64, 'the signature has another length');
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const { kty, crv, x, y } = key;
    const imported = await crypto.subtle.importKey(
      'jwk',
      { kty, crv, x, y } as JsonWebKey,
      algorithm,
      false,
      ['verify'],
    );
    const isRight = await crypto.subtle.verify(
      { name: 'ECDSA', hash: 'SHA-256' },
      imported,
      signed,
      encoder.encode(`${head}.${body}`),
    );
    need(isRight, 'the signature is not of this key');
    const { iat } = parsed(body) as { iat: number };
    need((key.nbf ?? 0) <= iat && iat <= (key.exp ?? iat), 'it was signed outside of the key’s window');
    return key.kid;
  }

  /** What the evidence says is what stands in the leaf. */
  private async bound(): Promise<string> {
    const { leaf } = this;
    const said = parsed(this.proof.evidence_jws.split('.')[1] ?? '') as Record<string, unknown>;
    const ledger = `LEDGER:${leaf.stream}:${String(leaf.stream_seq).padStart(8, '0')}`;
    const bound = {
      index: leaf.index,
      content_sha256: leaf.content_sha256,
      prev: leaf.prev,
      tenant: leaf.log.slice(leaf.log.lastIndexOf('/') + 1),
      sub: leaf.document_id,
      leaf_hash: hex(await leafHash(this.leafBytes)),
      ledger,
      iss: said.iss,
      iat: second(leaf.received_at),
    };
    need(canonical(said) === canonical(bound), 'the evidence is another leaf’s');
    return ledger;
  }

  /** Null where this browser knows no Ed25519. */
  private async checkpoint(): Promise<string | null> {
    const note = noteOf(this.proof.checkpoint);
    for (const key of this.keys.filter((one) => one.kty === 'OKP')) {
      const raw = unbase64(key.x ?? '', true);
      const keyId = (await sha256(encoder.encode(`${note.origin}\n`), Uint8Array.of(1), raw)).slice(0, 4);
      if (hex(keyId) !== note.keyId || (key.exp ?? Infinity) < second(this.leaf.received_at)) continue;
      let imported: CryptoKey;
      try {
        imported = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
      } catch {
        return null;
      }
      need(
        await crypto.subtle.verify('Ed25519', imported, note.signature, encoder.encode(note.text)),
        'the signature is not of this key',
      );
      return key.kid;
    }
    throw new Error('the checkpoint is signed by none of the published keys');
  }
}

function need(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

function parsed(part: string): unknown {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(unbase64(part, true)));
}

/** Every step of the check, in its order. Throws only for what is no proof at all. */
export async function verifyProof(proof: unknown, keys: unknown): Promise<Step[]> {
  return new Verifier(proof as Proof, (keys as { keys: Jwk[] }).keys).run();
}

/** Broken as soon as one step is; else it holds, as far as it was checked. */
export function holds(steps: readonly Step[]): boolean {
  return steps.length > 0 && steps.every((step) => step.result !== 'broken');
}
