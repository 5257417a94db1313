import { Badge, Button, Checkbox, Code, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useActKey } from '@/components/useActKey';
import { SCOPES, useApiKeys, useCreateApiKey, useRevokeApiKey } from '@/state/queries/machines';
import type { ApiKey, Scope } from '@/state/queries/machines';

import { Confirm } from './parts/Confirm';
import { DataTable } from './parts/DataTable';
import { FormDialog } from './parts/FormDialog';
import { PageHead } from './parts/PageHead';
import { Secrets } from './parts/Secrets';
import { useTime } from './parts/time';
import { useMay } from './parts/useMay';

/** What machines come in with: shown once, revocable. */
export function KeysPage() {
  const { t } = useTranslation();
  const time = useTime();
  const found = useApiKeys();
  const mayChange = useMay()('admin:write');
  const [isNew, setIsNew] = useState(false);
  const [revoked, setRevoked] = useState<ApiKey | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <Stack>
      <PageHead title={t('office.keys.title')}>
        {mayChange && (
          <Button
            onClick={() => {
              setIsNew(true);
            }}
          >
            {t('office.keys.new')}
          </Button>
        )}
      </PageHead>
      <DataTable
        {...found}
        label={t('office.keys.title')}
        rowKey={(one) => one.id}
        columns={[
          { head: t('office.name'), cell: (one) => one.name },
          { head: t('office.keys.hint'), cell: (one) => <Code>{one.hint}…</Code> },
          { head: t('office.keys.scopes'), cell: (one) => one.scopes.join(', '), isSecondary: true },
          { head: t('office.made'), cell: (one) => time.moment(one.createdAt), isSecondary: true },
          {
            head: t('office.status'),
            cell: (one) =>
              one.revokedAt !== null ? (
                <Badge color="gray">{t('office.keys.revoked')}</Badge>
              ) : (
                mayChange && (
                  <Button
                    variant="default"
                    onClick={() => {
                      setRevoked(one);
                    }}
                  >
                    {t('office.keys.revoke')}
                  </Button>
                )
              ),
          },
        ]}
      />
      {isNew && (
        <NewKey
          onSecret={setSecret}
          onClose={() => {
            setIsNew(false);
          }}
        />
      )}
      {revoked !== null && (
        <Revoke
          apiKey={revoked}
          onClose={() => {
            setRevoked(null);
          }}
        />
      )}
      {secret !== null && (
        <Secrets
          title={t('office.keys.title')}
          secrets={[{ label: t('office.keys.key'), value: secret }]}
          onClose={() => {
            setSecret(null);
          }}
        />
      )}
    </Stack>
  );
}

function NewKey({ onSecret, onClose }: { onSecret: (secret: string | null) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const [key] = useActKey();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Scope[]>([]);
  const create = useCreateApiKey();
  return (
    <FormDialog
      title={t('office.keys.new')}
      isReady={name.trim() !== '' && scopes.length > 0}
      isPending={create.isPending}
      error={create.error}
      onClose={onClose}
      onSubmit={() => {
        create.mutate(
          { body: { name: name.trim(), scopes }, key },
          {
            onSuccess: (made) => {
              onClose();
              onSecret(made.key);
            },
          },
        );
      }}
    >
      <TextInput
        label={t('office.name')}
        value={name}
        maxLength={120}
        data-autofocus
        onChange={(event) => {
          setName(event.currentTarget.value);
        }}
      />
      <Checkbox.Group
        label={t('office.keys.scopes')}
        value={scopes}
        onChange={(chosen) => {
          setScopes(chosen);
        }}
      >
        <Stack gap={0} mt="xs">
          {SCOPES.map((scope) => (
            <Checkbox key={scope} value={scope} label={scope} size="md" py={10} />
          ))}
        </Stack>
      </Checkbox.Group>
    </FormDialog>
  );
}

function Revoke({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const { t } = useTranslation();
  const revoke = useRevokeApiKey();
  return (
    <Confirm
      title={`${t('office.keys.revoke')}: ${apiKey.name}`}
      submit={t('office.keys.revoke')}
      act={revoke}
      target={apiKey.id}
      onClose={onClose}
    >
      {t('office.keys.revokeText')}
    </Confirm>
  );
}
