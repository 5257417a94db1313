import { Button, MultiSelect, Select, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Role, UserGiven } from '@/api';
import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import { useChangePerson, useCreatePerson, usePeople, useRenew } from '@/state/queries/people';
import type { Person } from '@/state/queries/people';
import { useBranches } from '@/state/queries/places';

import { ActiveBadge } from './parts/ActiveBadge';
import { EditableList } from './parts/EditableList';
import { FormDialog } from './parts/FormDialog';
import { Secrets } from './parts/Secrets';
import { useMay } from './parts/useMay';

const ROLES: readonly Role[] = ['CASHIER', 'MANAGER', 'ADMIN'];

/** Who works here, where, as what; their PINs and passwords are given by the system and shown once. */
export function PeoplePage() {
  const { t } = useTranslation();
  const people = usePeople();
  const mayChange = useMay()('admin:write');
  const [given, setGiven] = useState<UserGiven | null>(null);
  return (
    <>
      <EditableList
        title={t('office.people.title')}
        add={t('office.people.new')}
        found={people}
        nameOf={(person) => person.name}
        columns={[
          { head: t('office.name'), cell: (person) => person.name },
          { head: t('desk.login.username'), cell: (person) => person.username, isSecondary: true },
          { head: t('office.people.role'), cell: (person) => t(`office.people.roles.${person.role}`) },
          {
            head: t('office.status'),
            cell: (person) => <ActiveBadge isActive={person.isActive} />,
            isSecondary: true,
          },
        ]}
        form={(person, onClose) => <PersonForm person={person} onGiven={setGiven} onClose={onClose} />}
        {...(mayChange ? { acts: (person: Person) => <Renew person={person} onGiven={setGiven} /> } : {})}
      />
      {given !== null && (
        <Secrets
          title={given.name}
          secrets={[
            { label: 'PIN', value: given.pin },
            { label: t('desk.login.password'), value: given.password },
          ]}
          onClose={() => {
            setGiven(null);
          }}
        />
      )}
    </>
  );
}

/** A new PIN or password for somebody. */
function Renew({ person, onGiven }: { person: Person; onGiven: (given: UserGiven) => void }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<'pin' | 'password' | null>(null);
  const renew = useRenew();
  return (
    <>
      {(['pin', 'password'] as const).map((what) => (
        <Button
          key={what}
          variant="default"
          aria-label={`${t(`office.people.renew.${what}`)} ${person.name}`}
          onClick={() => {
            setAsked(what);
          }}
        >
          {t(`office.people.renew.${what}`)}
        </Button>
      ))}
      {asked !== null && (
        <FormDialog
          title={t(`office.people.renew.${asked}`)}
          submit={t(`office.people.renew.${asked}`)}
          isPending={renew.isPending}
          error={renew.error}
          onClose={() => {
            setAsked(null);
          }}
          onSubmit={() => {
            renew.mutate(
              { id: person.id, what: asked },
              {
                onSuccess: (answer) => {
                  setAsked(null);
                  onGiven(answer);
                },
              },
            );
          }}
        >
          {t('office.people.renewText', { name: person.name })}
        </FormDialog>
      )}
    </>
  );
}

interface FormProps {
  person: Person | null;
  onGiven: (given: UserGiven) => void;
  onClose: () => void;
}

function PersonForm({ person, onGiven, onClose }: FormProps) {
  const { t } = useTranslation();
  const [key] = useActKey();
  const branches = useBranches();
  const create = useCreatePerson();
  const change = useChangePerson();
  const [form, setForm] = useState({
    name: person?.name ?? '',
    username: person?.username ?? '',
    role: person?.role ?? 'CASHIER',
    branchIds: person?.branchIds ?? [],
    isActive: person?.isActive ?? true,
    withPassword: false,
  });
  const { name, role, branchIds, isActive } = form;
  const submit = () => {
    if (person !== null) {
      change.mutate({ id: person.id, body: { name, role, branchIds, isActive } }, { onSuccess: onClose });
      return;
    }
    const body = { name, role, branchIds, username: form.username, withPassword: form.withPassword };
    create.mutate(
      { body, key },
      {
        onSuccess: (answer) => {
          onClose();
          onGiven(answer);
        },
      },
    );
  };
  return (
    <FormDialog
      title={person === null ? t('office.people.new') : person.name}
      isReady={name.trim() !== '' && branchIds.length > 0 && (person !== null || form.username.length >= 2)}
      isPending={create.isPending || change.isPending}
      error={create.error ?? change.error}
      onClose={onClose}
      onSubmit={submit}
    >
      <Refusal error={branches.error} />
      <TextInput
        label={t('office.name')}
        value={form.name}
        maxLength={120}
        data-autofocus
        onChange={(event) => {
          setForm({ ...form, name: event.currentTarget.value });
        }}
      />
      {person === null && (
        <TextInput
          label={t('desk.login.username')}
          value={form.username}
          maxLength={40}
          autoCapitalize="none"
          onChange={(event) => {
            setForm({ ...form, username: event.currentTarget.value.trim() });
          }}
        />
      )}
      <Select
        label={t('office.people.role')}
        value={form.role}
        allowDeselect={false}
        data={ROLES.map((value) => ({ value, label: t(`office.people.roles.${value}`) }))}
        onChange={(chosen) => {
          if (chosen !== null) setForm({ ...form, role: chosen });
        }}
      />
      <MultiSelect
        label={t('office.branches')}
        searchable
        value={form.branchIds}
        data={(branches.data ?? []).map((branch) => ({ value: branch.id, label: branch.name }))}
        onChange={(chosen) => {
          setForm({ ...form, branchIds: chosen });
        }}
      />
      <Switch
        size="lg"
        label={t(person === null ? 'office.people.withPassword' : 'office.active')}
        checked={person === null ? form.withPassword : form.isActive}
        onChange={(event) => {
          const isOn = event.currentTarget.checked;
          setForm(person === null ? { ...form, withPassword: isOn } : { ...form, isActive: isOn });
        }}
      />
    </FormDialog>
  );
}
