import { MultiSelect, Select, Stack, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { given } from '@/state/queries/pages';
import { useBranches, useRegisters, useSaveBranch, useSaveRegister } from '@/state/queries/places';
import type { Branch, Register } from '@/state/queries/places';

import { ActiveBadge } from './parts/ActiveBadge';
import { CURRENCIES, TIMEZONES } from './parts/choices';
import type { Currency } from './parts/choices';
import { EditableList } from './parts/EditableList';
import { FormDialog } from './parts/FormDialog';
import { AnchorTo } from './parts/links';

/** Branches with their codes, and the registers that stand in them. */
export function PlacesPage() {
  const { t } = useTranslation();
  const branches = useBranches();
  const registers = useRegisters();
  const nameOf = (id: string) => branches.data?.find((one) => one.id === id)?.name ?? '–';
  return (
    <Stack gap="xl">
      <EditableList
        title={t('office.places.title')}
        label={t('office.branches')}
        add={t('office.places.newBranch')}
        found={branches}
        nameOf={(one) => one.name}
        columns={[
          { head: t('office.branch'), cell: (one) => one.name },
          { head: t('till.store.code'), cell: (one) => one.code },
          {
            head: t('office.places.currencies'),
            cell: (one) => one.currencies.join(', '),
            isSecondary: true,
          },
          {
            head: t('office.status'),
            cell: (one) => <ActiveBadge isActive={one.isActive} />,
            isSecondary: true,
          },
        ]}
        acts={(one) => (
          <AnchorTo to="/desk/policies/$id" params={{ id: one.id }}>
            {t('office.policies.title')}
          </AnchorTo>
        )}
        form={(branch, onClose) => <BranchForm branch={branch} onClose={onClose} />}
      />
      <EditableList
        title={t('office.places.registers')}
        isPart
        add={t('office.places.newRegister')}
        // A register stands in a branch: without the branches there is nothing to choose from.
        found={{ ...registers, isPending: registers.isPending || branches.isPending }}
        nameOf={(one) => one.name}
        columns={[
          { head: t('office.register'), cell: (one) => one.name },
          { head: t('office.branch'), cell: (one) => nameOf(one.branchId) },
          { head: t('office.places.point'), cell: (one) => one.emissionPoint, isSecondary: true },
          {
            head: t('office.status'),
            cell: (one) => <ActiveBadge isActive={one.isActive} />,
            isSecondary: true,
          },
        ]}
        form={(register, onClose) => (
          <RegisterForm register={register} branches={branches.data ?? []} onClose={onClose} />
        )}
      />
    </Stack>
  );
}

function BranchForm({ branch, onClose }: { branch: Branch | null; onClose: () => void }) {
  const { t } = useTranslation();
  const save = useSaveBranch();
  const [code, setCode] = useState(branch?.code ?? '');
  const [form, setForm] = useState({
    name: branch?.name ?? '',
    timezone: branch?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    currencies: (branch?.currencies ?? ['EUR']) as Currency[],
    isActive: branch?.isActive ?? true,
  });
  const [baseCurrency] = form.currencies;
  return (
    <FormDialog
      title={branch?.name ?? t('office.places.newBranch')}
      isReady={form.name.trim() !== '' && baseCurrency !== undefined}
      isPending={save.isPending}
      error={save.error}
      onClose={onClose}
      onSubmit={() => {
        if (baseCurrency === undefined) return;
        // Left empty it is not sent: what stands, or what the system makes, stays.
        const body = { ...form, name: form.name.trim(), baseCurrency, ...given({ code: code.trim() }) };
        save.mutate(branch === null ? { id: null, body } : { id: branch.id, body }, { onSuccess: onClose });
      }}
    >
      <TextInput
        label={t('office.name')}
        value={form.name}
        maxLength={120}
        data-autofocus
        onChange={(event) => {
          setForm({ ...form, name: event.currentTarget.value });
        }}
      />
      <TextInput
        label={t('till.store.code')}
        description={t(branch === null ? 'office.places.codeHint' : 'office.places.codeChange')}
        value={code}
        maxLength={32}
        autoCapitalize="characters"
        onChange={(event) => {
          setCode(event.currentTarget.value.toUpperCase());
        }}
      />
      <Select
        label={t('office.places.timezone')}
        value={form.timezone}
        searchable
        allowDeselect={false}
        data={TIMEZONES}
        onChange={(timezone) => {
          if (timezone !== null) setForm({ ...form, timezone });
        }}
      />
      <MultiSelect
        label={t('office.places.currencies')}
        description={t('office.places.firstIsBase')}
        value={form.currencies}
        searchable
        maxValues={10}
        data={CURRENCIES}
        onChange={(currencies) => {
          setForm({ ...form, currencies: currencies });
        }}
      />
      {branch !== null && (
        <Switch
          size="lg"
          label={t('office.active')}
          checked={form.isActive}
          onChange={(event) => {
            setForm({ ...form, isActive: event.currentTarget.checked });
          }}
        />
      )}
    </FormDialog>
  );
}

interface RegisterProps {
  register: Register | null;
  branches: readonly Branch[];
  onClose: () => void;
}

function RegisterForm({ register, branches, onClose }: RegisterProps) {
  const { t } = useTranslation();
  const save = useSaveRegister();
  const [form, setForm] = useState({
    name: register?.name ?? '',
    branchId: register?.branchId ?? branches[0]?.id ?? '',
    isActive: register?.isActive ?? true,
  });
  const [point, setPoint] = useState(register?.emissionPoint ?? '');
  const { name, branchId, isActive } = form;
  const emissionPoint = given({ emissionPoint: point.trim() });
  return (
    <FormDialog
      title={register?.name ?? t('office.places.newRegister')}
      isReady={name.trim() !== '' && branchId !== ''}
      isPending={save.isPending}
      error={save.error}
      onClose={onClose}
      onSubmit={() => {
        save.mutate(
          register === null
            ? { id: null, body: { name: name.trim(), branchId, ...emissionPoint } }
            : { id: register.id, body: { name: name.trim(), isActive, ...emissionPoint } },
          { onSuccess: onClose },
        );
      }}
    >
      <TextInput
        label={t('office.name')}
        value={name}
        maxLength={120}
        data-autofocus
        onChange={(event) => {
          setForm({ ...form, name: event.currentTarget.value });
        }}
      />
      <TextInput
        label={t('office.places.point')}
        description={t('office.places.pointHint')}
        value={point}
        maxLength={10}
        onChange={(event) => {
          setPoint(event.currentTarget.value);
        }}
      />
      {register === null ? (
        <Select
          label={t('office.branch')}
          value={branchId}
          allowDeselect={false}
          data={branches.map((branch) => ({ value: branch.id, label: branch.name }))}
          onChange={(chosen) => {
            if (chosen !== null) setForm({ ...form, branchId: chosen });
          }}
        />
      ) : (
        <Switch
          size="lg"
          label={t('office.active')}
          checked={isActive}
          onChange={(event) => {
            setForm({ ...form, isActive: event.currentTarget.checked });
          }}
        />
      )}
    </FormDialog>
  );
}
