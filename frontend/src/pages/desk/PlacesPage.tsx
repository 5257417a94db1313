import { Badge, Button, Group, MultiSelect, Select, Stack, Switch, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useBranches, useRegisters, useSaveBranch, useSaveRegister } from '@/state/queries/places';
import type { Branch, Register } from '@/state/queries/places';

import { CURRENCIES, TIMEZONES } from './parts/choices';
import type { Currency } from './parts/choices';
import { DataTable } from './parts/DataTable';
import { FormDialog } from './parts/FormDialog';
import { AnchorTo } from './parts/links';
import { PageHead } from './parts/PageHead';
import { useMay } from './parts/useMay';

/** Branches with their codes, and the registers that stand in them. */
export function PlacesPage() {
  const { t } = useTranslation();
  const branches = useBranches();
  const registers = useRegisters();
  const mayChange = useMay()('admin:write');
  const [branch, setBranch] = useState<Branch | 'new' | null>(null);
  const [register, setRegister] = useState<Register | 'new' | null>(null);
  const nameOf = (id: string) => branches.data?.find((one) => one.id === id)?.name ?? '–';
  return (
    <Stack>
      <PageHead title={t('office.places.title')}>
        {mayChange && (
          <Button
            onClick={() => {
              setBranch('new');
            }}
          >
            {t('office.places.newBranch')}
          </Button>
        )}
      </PageHead>
      <DataTable
        label={t('office.branches')}
        rows={branches.data ?? []}
        rowKey={(one) => one.id}
        error={branches.error}
        isLoading={branches.isPending}
        columns={[
          { head: t('office.branch'), cell: (one) => one.name },
          { head: t('till.store.code'), cell: (one) => one.code },
          {
            head: t('office.places.currencies'),
            cell: (one) => one.currencies.join(', '),
            isSecondary: true,
          },
          { head: t('office.status'), cell: (one) => <Active isActive={one.isActive} />, isSecondary: true },
          {
            head: t('office.actions'),
            cell: (one) => (
              <Group gap="xs" wrap="nowrap">
                <AnchorTo to="/desk/policies/$id" params={{ id: one.id }}>
                  {t('office.policies.title')}
                </AnchorTo>
                {mayChange && (
                  <Button
                    variant="default"
                    aria-label={`${t('office.edit')} ${one.name}`}
                    onClick={() => {
                      setBranch(one);
                    }}
                  >
                    {t('office.edit')}
                  </Button>
                )}
              </Group>
            ),
          },
        ]}
      />
      <Group justify="space-between">
        <Title order={2} size="h3">
          {t('office.places.registers')}
        </Title>
        {mayChange && (
          <Button
            onClick={() => {
              setRegister('new');
            }}
          >
            {t('office.places.newRegister')}
          </Button>
        )}
      </Group>
      <DataTable
        label={t('office.places.registers')}
        rows={registers.data ?? []}
        rowKey={(one) => one.id}
        error={registers.error}
        isLoading={registers.isPending}
        columns={[
          { head: t('office.register'), cell: (one) => one.name },
          { head: t('office.branch'), cell: (one) => nameOf(one.branchId) },
          { head: t('office.places.point'), cell: (one) => one.emissionPoint, isSecondary: true },
          { head: t('office.status'), cell: (one) => <Active isActive={one.isActive} /> },
          ...(mayChange
            ? [
                {
                  head: t('office.actions'),
                  cell: (one: Register) => (
                    <Button
                      variant="default"
                      aria-label={`${t('office.edit')} ${one.name}`}
                      onClick={() => {
                        setRegister(one);
                      }}
                    >
                      {t('office.edit')}
                    </Button>
                  ),
                },
              ]
            : []),
        ]}
      />
      {branch !== null && (
        <BranchForm
          branch={branch === 'new' ? null : branch}
          onClose={() => {
            setBranch(null);
          }}
        />
      )}
      {register !== null && (
        <RegisterForm
          register={register === 'new' ? null : register}
          branches={branches.data ?? []}
          onClose={() => {
            setRegister(null);
          }}
        />
      )}
    </Stack>
  );
}

function Active({ isActive }: { isActive: boolean }) {
  const { t } = useTranslation();
  return (
    <Badge variant="light" tt="none" size="lg" color={isActive ? 'pine' : 'gray'}>
      {t(isActive ? 'office.active' : 'office.inactive')}
    </Badge>
  );
}

function BranchForm({ branch, onClose }: { branch: Branch | null; onClose: () => void }) {
  const { t } = useTranslation();
  const save = useSaveBranch();
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
        const body = { ...form, name: form.name.trim(), baseCurrency };
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
  const { name, branchId, isActive } = form;
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
            ? { id: null, body: { name: name.trim(), branchId } }
            : { id: register.id, body: { name: name.trim(), isActive } },
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
