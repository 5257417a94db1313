import { Alert, Button, Card, Code, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useOrganisation, useSaveOrganisation } from '@/state/queries/organisation';
import type { Organisation } from '@/state/queries/organisation';

import { AnchorTo } from './parts/links';
import { PageHead } from './parts/PageHead';

const LINES_MAX = 10;

/** What holds for the whole organisation: its name, and what all its receipts say of it. */
export function SettingsPage() {
  const { t } = useTranslation();
  const organisation = useOrganisation();
  return (
    <Stack maw={720}>
      <PageHead title={t('office.settings.title')} />
      <Refusal error={organisation.error} />
      {organisation.data !== undefined && <Form organisation={organisation.data} />}
    </Stack>
  );
}

function Form({ organisation }: { organisation: Organisation }) {
  const { t } = useTranslation();
  const save = useSaveOrganisation();
  const [name, setName] = useState(organisation.name);
  const [lines, setLines] = useState(organisation.legalIdentity);
  const isReady = name.trim() !== '' && lines.trim().split('\n').length <= LINES_MAX;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !save.isPending) save.mutate({ name: name.trim(), legalIdentity: lines.trim() });
      }}
    >
      <Stack>
        <Card className="surface">
          <Stack>
            <TextInput
              label={t('office.settings.name')}
              description={t('office.settings.nameHint')}
              value={name}
              maxLength={120}
              onChange={(event) => {
                setName(event.currentTarget.value);
              }}
            />
            <Textarea
              label={t('office.settings.legalIdentity')}
              description={t('office.settings.legalHint')}
              value={lines}
              autosize
              minRows={3}
              maxRows={LINES_MAX}
              maxLength={500}
              onChange={(event) => {
                setLines(event.currentTarget.value);
              }}
            />
            <Text>
              {t('office.settings.slug')}: <Code fz="md">{organisation.slug}</Code>
            </Text>
            <Text c="dimmed">{t('office.settings.slugHint')}</Text>
          </Stack>
        </Card>
        <Refusal error={save.error} />
        {save.isSuccess && <Alert role="status">{t('office.saved')}</Alert>}
        <Button type="submit" loading={save.isPending} disabled={!isReady}>
          {t('office.save')}
        </Button>
        <Text c="dimmed">{t('office.settings.branches')}</Text>
        <AnchorTo to="/desk/places">{t('office.places.title')}</AnchorTo>
      </Stack>
    </form>
  );
}
