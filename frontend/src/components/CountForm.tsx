import {
  ActionIcon,
  Card,
  Group,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { denominationsOf, totalOf } from '@/denominations';
import type { Pieces } from '@/denominations';
import { parseAmount } from '@/money';
import type { Minor } from '@/money';
import type { Count } from '@/state/queries/drawer';

import { AmountField } from './AmountField';
import { Money, useMoney } from './Money';

type Way = 'pieces' | 'total';
interface Typed {
  way: Way;
  pieces: Record<string, string>;
  total: string;
}
export type TypedCount = Record<string, Typed>;

const PIECES_MAX = 1_000_000;

export function emptyCount(currencies: readonly string[]): TypedCount {
  return Object.fromEntries(
    currencies.map((currency) => [
      currency,
      { way: denominationsOf(currency).length > 0 ? 'pieces' : 'total', pieces: {}, total: '' },
    ]),
  );
}

function piecesOf(typed: Typed): Pieces | null {
  const found: Pieces = {};
  for (const [kind, text] of Object.entries(typed.pieces)) {
    if (!/^\d{0,7}$/.test(text.trim())) return null;
    const count = Number(text);
    if (count > PIECES_MAX) return null;
    if (count > 0) found[kind] = count;
  }
  return found;
}

function totalTyped(typed: Typed, currency: string): Minor | null {
  if (typed.way === 'total') {
    const minor = parseAmount(typed.total, currency);
    return minor !== null && minor < 0 ? null : minor;
  }
  const pieces = piecesOf(typed);
  return pieces === null ? null : totalOf(pieces, currency);
}

/** What was typed as a count; null while something in it is no number. An empty field is 0. */
export function countOf(typed: TypedCount): Count | null {
  const count: Count = { cash: {}, pieces: {} };
  for (const [currency, one] of Object.entries(typed)) {
    const total = totalTyped(one, currency);
    if (total === null) return null;
    count.cash[currency] = total;
    const pieces = one.way === 'pieces' ? (piecesOf(one) ?? {}) : {};
    if (Object.keys(pieces).length > 0) count.pieces[currency] = pieces;
  }
  return count;
}

/** Counts a drawer, each currency by its notes and coins or by its total. */
export function CountForm({ typed, onTyped }: { typed: TypedCount; onTyped: (typed: TypedCount) => void }) {
  return (
    <Stack gap="lg">
      {Object.entries(typed).map(([currency, one]) => (
        <CurrencyCount
          key={currency}
          currency={currency}
          typed={one}
          onTyped={(changed) => {
            onTyped({ ...typed, [currency]: changed });
          }}
        />
      ))}
    </Stack>
  );
}

interface CurrencyProps {
  currency: string;
  typed: Typed;
  onTyped: (typed: Typed) => void;
}

function CurrencyCount({ currency, typed, onTyped }: CurrencyProps) {
  const { t } = useTranslation();
  const kinds = denominationsOf(currency);
  const total = totalTyped(typed, currency);
  return (
    <Card className="surface" component="section" aria-label={currency}>
      <Stack>
        <Group justify="space-between" align="center">
          <Title order={2} size="h3">
            {currency}
          </Title>
          <Text fz="xl" fw={650} aria-live="polite" data-testid={`count-${currency}`}>
            {total === null ? t('common.noAmount') : <Money inherit minor={total} currency={currency} />}
          </Text>
        </Group>
        {kinds.length > 0 && (
          <SegmentedControl
            aria-label={t('till.count.way', { currency })}
            value={typed.way}
            onChange={(way) => {
              onTyped({ ...typed, way });
            }}
            data={[
              { value: 'pieces', label: t('till.count.pieces') },
              { value: 'total', label: t('till.count.total') },
            ]}
            styles={{ label: { minHeight: 44, display: 'grid', alignItems: 'center', whiteSpace: 'normal' } }}
          />
        )}
        {typed.way === 'total' ? (
          <AmountField
            label={t('till.count.totalOf', { currency })}
            currency={currency}
            text={typed.total}
            onText={(text) => {
              onTyped({ ...typed, total: text });
            }}
          />
        ) : (
          <PieceFields kinds={kinds} currency={currency} typed={typed} onTyped={onTyped} />
        )}
      </Stack>
    </Card>
  );
}

function PieceFields({ kinds, currency, typed, onTyped }: CurrencyProps & { kinds: readonly string[] }) {
  const money = useMoney();
  const { t } = useTranslation();
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="xs" verticalSpacing="xs">
      {kinds.map((kind) => {
        const text = typed.pieces[kind] ?? '';
        const name = money.minor(parseAmount(kind, currency) ?? 0, currency);
        const set = (changed: string) => {
          onTyped({ ...typed, pieces: { ...typed.pieces, [kind]: changed } });
        };
        const by = (step: number) => {
          set(String(Math.max(0, (Number(text) || 0) + step)));
        };
        return (
          <Group key={kind} gap={4} wrap="nowrap" justify="flex-end">
            <Text flex={1} ta="right" style={{ whiteSpace: 'nowrap' }} aria-hidden>
              {name}
            </Text>
            <ActionIcon
              variant="default"
              aria-label={t('till.count.less', { name })}
              onClick={() => {
                by(-1);
              }}
            >
              −
            </ActionIcon>
            <TextInput
              aria-label={t('till.count.piecesOf', { name })}
              value={text}
              placeholder="0"
              inputMode="numeric"
              autoComplete="off"
              w={68}
              styles={{ input: { textAlign: 'center', height: 44 } }}
              error={!/^\d{0,7}$/.test(text.trim())}
              onFocus={(event) => {
                event.currentTarget.select();
              }}
              onChange={(event) => {
                set(event.currentTarget.value);
              }}
            />
            <ActionIcon
              variant="default"
              aria-label={t('till.count.more', { name })}
              onClick={() => {
                by(1);
              }}
            >
              +
            </ActionIcon>
          </Group>
        );
      })}
    </SimpleGrid>
  );
}
