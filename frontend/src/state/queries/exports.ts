import { useMutation, useQueryClient } from '@tanstack/react-query';

import { changeExport, deleteExport, listExports, listSyncLogs, retryExport, scheduleExport } from '@/api';
import type { ExportAnswer, ExportFormat, NewExportWritable, SyncLogAnswer } from '@/api';
import { data, keyed } from '@/http';
import { download } from '@/state/download';

import { given, usePages } from './pages';

export type Schedule = ExportAnswer;
export type { ExportFormat };
export type NewExport = NewExportWritable;

export interface Report {
  from: string;
  to: string;
  branchId: string | null;
  format: ExportFormat;
  lang: string;
}

/** The languages of the files: eco-organisms read these. */
export const FILE_LANGUAGES = { en: 'English', fr: 'Français', es: 'Español' } as const;

const KEY = ['deposit-exports'];
const AGAIN_MS = 3_000;

export function useDownloadReport() {
  return useMutation({
    mutationFn: ({ branchId, ...report }: Report) =>
      download(`/v1/deposits/export?${new URLSearchParams({ ...report, ...given({ branchId }) })}`),
  });
}

/** The relay sends by itself: what becomes of it is seen while the page stands. */
export function useSchedules() {
  return usePages<Schedule>([...KEY], (cursor) => data(listExports({ query: { cursor } })), true, AGAIN_MS);
}

/** What became of the attempts to send one, the last first. */
export function useAttempts(id: string) {
  return usePages<SyncLogAnswer>(
    [...KEY, 'attempts', id],
    (cursor) => data(listSyncLogs({ query: { target: `deposits-export:${id}`, limit: 10, cursor } })),
    true,
    AGAIN_MS,
  );
}

function useChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: KEY });
}

export function useSchedule() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewExport; key: string }) =>
      data(scheduleExport({ body, ...keyed(key) })),
    onSuccess,
  });
}

export function useChangeSchedule() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ id, ...body }: { id: string; name?: string; isActive?: boolean }) =>
      data(changeExport({ path: { export_id: id }, body })),
    onSuccess,
  });
}

export function useRetrySchedule() {
  const onSettled = useChanged();
  return useMutation({
    mutationFn: (id: string) => data(retryExport({ path: { export_id: id } })),
    onSettled,
  });
}

export function useDeleteSchedule() {
  const onSettled = useChanged();
  return useMutation({
    mutationFn: (id: string) => data(deleteExport({ path: { export_id: id } })),
    onSettled,
  });
}
