import { Button, Center, Loader, Stack, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';

import classes from './DataTable.module.css';

export interface Column<T> {
  head: string;
  cell: (row: T) => ReactNode;
  isNumber?: boolean;
  /** Left out on a phone, where the width is for what matters most. */
  isSecondary?: boolean;
}

interface Props<T> {
  label: string;
  items: readonly T[];
  rowKey: (row: T) => string;
  columns: readonly Column<T>[];
  error?: unknown;
  isLoading?: boolean;
  more?: (() => void) | null;
  isMore?: boolean;
  empty?: string;
}

/** In the dark less bright than Mantine's own, on which a link of the row could hardly be read (contrast 3.4 of 4.5). */
const HOVER =
  'light-dark(var(--mantine-color-gray-1), color-mix(in srgb, var(--mantine-color-dark-6) 60%, var(--mantine-color-dark-7)))';

/** A list as a table; it scrolls sideways by itself where it is wider than the screen. A list that is read page by page
 *  is given as it is found: `{...found}`. */
export function DataTable<T>({
  label,
  items,
  rowKey,
  columns,
  error,
  isLoading,
  more,
  isMore,
  empty,
}: Props<T>) {
  const { t } = useTranslation();
  if (isLoading === true) {
    return (
      <Center mih={160}>
        <Loader aria-label={t('common.loading')} />
      </Center>
    );
  }
  return (
    <Stack gap="sm">
      <Refusal error={error} />
      {items.length === 0 ? (
        <Text c="dimmed">{empty ?? t('office.list.empty')}</Text>
      ) : (
        <Table.ScrollContainer
          minWidth={0}
          scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': label } }}
        >
          <Table
            className={classes.table}
            fz="md"
            verticalSpacing="xs"
            highlightOnHover
            highlightOnHoverColor={HOVER}
            aria-label={label}
          >
            <Table.Thead>
              <Table.Tr>
                {columns.map((column) => (
                  <Table.Th key={column.head} ta={align(column)} visibleFrom={shown(column)}>
                    {column.head}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((row) => (
                <Table.Tr key={rowKey(row)}>
                  {columns.map((column) => (
                    <Table.Td key={column.head} ta={align(column)} visibleFrom={shown(column)}>
                      {column.cell(row)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {typeof more === 'function' && (
        <Button variant="default" loading={isMore ?? false} onClick={more}>
          {t('office.list.more')}
        </Button>
      )}
    </Stack>
  );
}

function align<T>(column: Column<T>) {
  return column.isNumber === true ? 'right' : 'left';
}

function shown<T>(column: Column<T>) {
  return column.isSecondary === true ? 'sm' : undefined;
}
