import {
  Alert,
  Anchor,
  Button,
  Card,
  Center,
  Code,
  Group,
  Loader,
  MultiSelect,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Preferences } from '@/components/Preferences';
import { Refusal } from '@/components/Refusal';
import { store } from '@/state/device';
import { useFoundShop, useSetupState } from '@/state/queries/setup';
import type { FoundedShop } from '@/state/queries/setup';

import { CURRENCIES, TIMEZONES } from './desk/parts/choices';
import type { Currency } from './desk/parts/choices';

/** The first run: whoever can read the server's log founds the shop. */
export function SetupPage() {
  const { t } = useTranslation();
  const state = useSetupState();
  const found = useFoundShop();
  return (
    <Center mih="100dvh" p="md" component="main">
      <Card w="100%" maw={560} className="surface" padding="xl">
        <Stack>
          <Group justify="space-between" wrap="nowrap">
            <Title order={1} size="h2">
              {t('office.setup.title')}
            </Title>
            <Preferences />
          </Group>
          <Refusal error={state.error} />
          {state.isPending && <Loader aria-label={t('common.loading')} />}
          {found.data !== undefined ? (
            <Founded shop={found.data} />
          ) : state.data?.needed === true ? (
            <Form found={found} />
          ) : (
            state.data !== undefined && (
              <>
                <Text>{t('office.setup.done')}</Text>
                <Anchor href="/desk" py={10}>
                  {t('office.setup.toTheDesk')}
                </Anchor>
              </>
            )
          )}
        </Stack>
      </Card>
    </Center>
  );
}

function Form({ found }: { found: ReturnType<typeof useFoundShop> }) {
  const { t } = useTranslation();
  const [form, setForm] = useState({
    code: '',
    organisation: '',
    branch: '',
    register: '',
    adminName: '',
    adminUsername: '',
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  const [currencies, setCurrencies] = useState<Currency[]>(['EUR']);
  const texts = ['code', 'organisation', 'branch', 'register', 'adminName', 'adminUsername'] as const;
  const isReady = texts.every((name) => form[name].trim() !== '') && currencies.length > 0;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !found.isPending) found.mutate({ ...form, currencies });
      }}
    >
      <Stack>
        <Text>{t('office.setup.hint')}</Text>
        {texts.map((name) => (
          <TextInput
            key={name}
            label={t(`office.setup.${name}`)}
            value={form[name]}
            maxLength={120}
            autoComplete="off"
            autoFocus={name === 'code'}
            onChange={(event) => {
              setForm({ ...form, [name]: event.currentTarget.value });
            }}
          />
        ))}
        <Select
          label={t('office.places.timezone')}
          value={form.timezone}
          data={TIMEZONES}
          searchable
          allowDeselect={false}
          onChange={(timezone) => {
            if (timezone !== null) setForm({ ...form, timezone });
          }}
        />
        <MultiSelect
          label={t('office.places.currencies')}
          description={t('office.places.firstIsBase')}
          value={currencies}
          data={CURRENCIES}
          searchable
          maxValues={10}
          onChange={(chosen) => {
            setCurrencies(chosen);
          }}
        />
        <Refusal error={found.error} />
        <Button type="submit" size="lg" loading={found.isPending} disabled={!isReady}>
          {t('office.setup.do')}
        </Button>
      </Stack>
    </form>
  );
}

function Founded({ shop }: { shop: FoundedShop }) {
  const { t } = useTranslation();
  const facts = [
    ['storeCode', t('till.store.code'), shop.storeCode],
    ['username', t('desk.login.username'), shop.adminUsername],
    ['password', t('desk.login.password'), shop.password],
    ['pin', 'PIN', shop.pin],
  ] as const;
  return (
    <Stack>
      <Alert color="brass" role="status">
        {t('office.secret.once')}
      </Alert>
      {facts.map(([name, label, value]) => (
        <Text key={name}>
          {label}:{' '}
          <Code fz="lg" data-testid={`founded-${name}`}>
            {value}
          </Code>
        </Text>
      ))}
      <Button component="a" href="/desk">
        {t('office.setup.toTheDesk')}
      </Button>
      <Button
        variant="default"
        component="a"
        href="/till"
        onClick={() => {
          store.set({ code: shop.storeCode, name: shop.organisation, organisation: shop.organisation });
        }}
      >
        {t('common.toTheTill')}
      </Button>
    </Stack>
  );
}
