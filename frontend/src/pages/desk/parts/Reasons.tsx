import { Card, Text, Textarea, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import type { Policies } from '@/state/queries/places';

type Kept = Policies['cashMovementReasons'];
type Texts = Record<string, string>;

const KINDS = ['PAID_IN', 'PAID_OUT', 'SAFE_DROP', 'ADJUSTMENT'] as const;
const LENGTH = { least: 3, most: 120 };
const COUNT_MAX = 12;

/** A reason on each line; a kind for which the till has its own is an empty field. */
export function typedReasons(reasons: Kept): Texts {
  return Object.fromEntries(KINDS.map((kind) => [kind, reasons[kind]?.join('\n') ?? '']));
}

/** What was typed; null while a line is too short or too long, or there are too many. */
export function readReasons(texts: Texts): Kept | null {
  const reasons: Kept = {};
  for (const kind of KINDS) {
    const lines = [...new Set((texts[kind] ?? '').split('\n').map((line) => line.trim()))].filter(
      (line) => line !== '',
    );
    if (lines.length > COUNT_MAX) return null;
    if (lines.some((line) => line.length < LENGTH.least || line.length > LENGTH.most)) return null;
    if (lines.length > 0) reasons[kind] = lines;
  }
  return reasons;
}

/** What the till offers as a reason for cash in and out. */
export function Reasons({ texts, onTexts }: { texts: Texts; onTexts: (texts: Texts) => void }) {
  const { t } = useTranslation();
  const title = t('office.policies.reasons');
  return (
    <Card className="surface" component="section" aria-label={title}>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text c="dimmed">{t('office.policies.reasonsHint')}</Text>
      {KINDS.map((kind) => (
        <Textarea
          key={kind}
          mt="xs"
          label={t(`till.report.kinds.${kind}`)}
          value={texts[kind] ?? ''}
          autosize
          minRows={1}
          maxRows={COUNT_MAX}
          onChange={(event) => {
            onTexts({ ...texts, [kind]: event.currentTarget.value });
          }}
        />
      ))}
    </Card>
  );
}
