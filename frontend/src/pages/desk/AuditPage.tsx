import { Code, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useAudit } from '@/state/queries/audit';
import type { Entry } from '@/state/queries/audit';
import { usePeople } from '@/state/queries/people';

import { Choice } from './parts/Choice';
import { DataTable } from './parts/DataTable';
import { PageHead } from './parts/PageHead';
import { useTime } from './parts/time';

/** Who did what, when, and what it was before. */
export function AuditPage() {
  const { t } = useTranslation();
  const time = useTime();
  const [typed, setTyped] = useState('');
  const [action] = useDebouncedValue(typed.trim().toUpperCase().replaceAll(' ', '_'), 300);
  const [actorId, setActorId] = useState<string | null>(null);
  const people = usePeople().data ?? [];
  const found = useAudit({ action, actorId });
  return (
    <Stack>
      <PageHead title={t('office.audit.title')} />
      <Group align="flex-end">
        <TextInput
          label={t('office.audit.action')}
          placeholder="CASH_SESSION_CLOSED"
          value={typed}
          maxLength={100}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
          }}
        />
        <Choice
          label={t('office.person')}
          value={actorId}
          isSearchable
          data={people.map((person) => ({ value: person.id, label: person.name }))}
          onValue={setActorId}
        />
      </Group>
      <DataTable
        {...found}
        label={t('office.audit.title')}
        rowKey={(one) => one.id}
        columns={[
          { head: t('office.time'), cell: (one) => time.moment(one.occurredAt) },
          { head: t('office.person'), cell: (one) => one.actorName },
          { head: t('office.audit.action'), cell: (one) => <Code>{one.action}</Code> },
          { head: t('office.audit.what'), cell: (one) => <Change entry={one} />, isSecondary: true },
          { head: t('office.audit.from'), cell: (one) => one.address ?? '–', isSecondary: true },
        ]}
      />
    </Stack>
  );
}

function Change({ entry }: { entry: Entry }) {
  const { t } = useTranslation();
  return (
    <details>
      <summary style={{ minHeight: 44, display: 'grid', alignItems: 'center', cursor: 'pointer' }}>
        {entry.resourceType}
      </summary>
      {(['before', 'after'] as const).map((side) =>
        entry[side] === null ? null : (
          <Text key={side} size="sm">
            {t(`office.audit.${side}`)}: <Code block>{JSON.stringify(entry[side], null, 1)}</Code>
          </Text>
        ),
      )}
    </details>
  );
}
