import { Alert, Button, FileInput, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useImport } from '@/state/queries/products';

import { DataTable } from './DataTable';
import { useOpener } from './useOpener';

/** Brings products in from a file: first tried, then done; all lines or none. */
export function ImportFile({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  useOpener();
  const [file, setFile] = useState<File | null>(null);
  const run = useImport();
  const told = run.data;
  const start = (isDry: boolean) => {
    if (file !== null && !run.isPending) run.mutate({ file, isDry });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t('office.catalogue.import')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Text>{t('office.import.hint')}</Text>
        <FileInput
          label={t('office.import.file')}
          placeholder={t('office.import.choose')}
          accept=".csv,.xlsx"
          value={file}
          size="md"
          onChange={(chosen) => {
            setFile(chosen);
            run.reset();
          }}
        />
        <Refusal error={run.error} />
        {told !== undefined && (
          <Alert color={told.errorCount > 0 ? 'red' : 'pine'} role="status" data-testid="import-result">
            {t(told.dryRun || told.errorCount > 0 ? 'office.import.would' : 'office.import.did', {
              created: told.created,
              updated: told.updated,
              unchanged: told.unchanged,
              wrong: told.errorCount,
            })}
          </Alert>
        )}
        {told !== undefined && told.errors.length > 0 && (
          <DataTable
            label={t('office.import.errors')}
            items={told.errors}
            rowKey={(error) => `${error.line} ${error.column ?? ''} ${error.message}`}
            columns={[
              { head: t('office.import.line'), cell: (error) => error.line, isNumber: true },
              { head: t('office.import.column'), cell: (error) => error.column ?? '–' },
              { head: t('office.import.errors'), cell: (error) => error.message },
            ]}
          />
        )}
        <Group justify="flex-end">
          <Button
            variant="default"
            disabled={file === null}
            loading={run.isPending && run.variables.isDry}
            onClick={() => {
              start(true);
            }}
          >
            {t('office.import.try')}
          </Button>
          <Button
            disabled={file === null || told?.dryRun !== true || told.errorCount > 0}
            loading={run.isPending && !run.variables.isDry}
            onClick={() => {
              start(false);
            }}
          >
            {t('office.import.do')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
