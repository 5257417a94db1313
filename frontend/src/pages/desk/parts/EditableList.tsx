import { Button, Group, Stack } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { DataTable } from './DataTable';
import type { Column } from './DataTable';
import { PageHead } from './PageHead';
import { useMay } from './useMay';

interface Props<T> {
  title: string;
  /** Of the table, where the title says more. */
  label?: string;
  /** Of a list below the first one of a page. */
  isPart?: boolean;
  /** On the button that makes a new one. */
  add: string;
  found: { data: readonly T[] | undefined; error: unknown; isPending: boolean };
  columns: readonly Column<T>[];
  nameOf: (row: T) => string;
  /** What may be done with a row beside changing it. */
  acts?: (row: T) => ReactNode;
  form: (edited: T | null, onClose: () => void) => ReactNode;
}

/** A list of what the shop consists of; whoever may change it makes a new one or edits a row in a dialog. */
export function EditableList<T extends { id: string }>(props: Props<T>) {
  const { t } = useTranslation();
  const mayChange = useMay()('admin:write');
  const [edited, setEdited] = useState<T | 'new' | null>(null);
  const { acts } = props;
  const actions: Column<T> = {
    head: t('office.actions'),
    cell: (row) => (
      <Group gap="xs">
        {mayChange && (
          <Button
            variant="default"
            aria-label={`${t('office.edit')} ${props.nameOf(row)}`}
            onClick={() => {
              setEdited(row);
            }}
          >
            {t('office.edit')}
          </Button>
        )}
        {acts?.(row)}
      </Group>
    ),
  };
  return (
    <Stack>
      <PageHead title={props.title} isPart={props.isPart ?? false}>
        {mayChange && !props.found.isPending && (
          <Button
            onClick={() => {
              setEdited('new');
            }}
          >
            {props.add}
          </Button>
        )}
      </PageHead>
      <DataTable
        label={props.label ?? props.title}
        items={props.found.data ?? []}
        rowKey={(row) => row.id}
        error={props.found.error}
        isLoading={props.found.isPending}
        columns={mayChange || acts !== undefined ? [...props.columns, actions] : props.columns}
      />
      {edited !== null &&
        props.form(edited === 'new' ? null : edited, () => {
          setEdited(null);
        })}
    </Stack>
  );
}
