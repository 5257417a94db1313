import { Group, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { usePeople } from '@/state/queries/people';
import { useBranches, useRegisters } from '@/state/queries/places';

import { Choice } from './Choice';
import { useMay } from './useMay';

interface Where {
  branchId: string | null;
  registerId: string | null;
  openedBy: string | null;
  from: string | null;
  to: string | null;
}

/** Which of the filters a page has; those that the role cannot fill are not shown. */
export function PlaceFilters<T extends Partial<Where>>({
  value,
  onValue,
}: {
  value: T;
  onValue: (changed: T) => void;
}) {
  const { t } = useTranslation();
  const mayList = useMay()('admin:read');
  const branches = useBranches(mayList && 'branchId' in value).data ?? [];
  const registers = useRegisters(mayList && 'registerId' in value).data ?? [];
  const people = usePeople(mayList && 'openedBy' in value).data ?? [];
  const choices = [
    { field: 'branchId', label: t('office.branch'), data: branches },
    {
      field: 'registerId',
      label: t('office.register'),
      data: registers.filter((one) => value.branchId == null || one.branchId === value.branchId),
    },
    { field: 'openedBy', label: t('office.person'), data: people },
  ] as const;
  const set = (field: keyof Where, changed: string | null) => {
    onValue({ ...value, [field]: changed === '' ? null : changed });
  };
  return (
    <Group align="flex-end" gap="sm" className="no-print">
      {(['from', 'to'] as const).map(
        (field) =>
          field in value && (
            <TextInput
              key={field}
              type="date"
              label={t(`office.${field}`)}
              value={value[field] ?? ''}
              onChange={(event) => {
                set(field, event.currentTarget.value);
              }}
            />
          ),
      )}
      {mayList &&
        choices.map(
          ({ field, label, data }) =>
            field in value &&
            data.length > 1 && (
              <Choice
                key={field}
                label={label}
                value={value[field] ?? null}
                data={data.map((one) => ({ value: one.id, label: one.name }))}
                isSearchable
                onValue={(changed) => {
                  set(field, changed);
                }}
              />
            ),
        )}
    </Group>
  );
}
