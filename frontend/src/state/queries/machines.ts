import { useMutation, useQueryClient } from '@tanstack/react-query';

import {
  changeWebhook,
  createApiKey,
  createWebhook,
  listApiKeys,
  listDeliveries,
  listSyncLogs,
  listWebhooks,
  replayWebhook,
  revokeApiKey,
  rotateWebhookSecret,
  testWebhook,
} from '@/api';
import type {
  ApiKeyAnswer,
  DeliveryAnswer,
  DeliveryStatus,
  NewApiKey,
  NewWebhook,
  ReplayWebhook,
  SyncLogAnswer,
  SyncStatus,
  WebhookAnswer,
  WebhookChange,
} from '@/api';
import { data, keyed } from '@/http';

import { usePages } from './pages';

export type ApiKey = ApiKeyAnswer;
export type Webhook = WebhookAnswer;
export type Scope = NewApiKey['scopes'][number];

/** What an API key can be given: nothing that needs a person who answers for it. */
export const SCOPES: readonly Scope[] = [
  'admin:read',
  'audit:read',
  'bot:link',
  'cash:read',
  'catalogue:read',
  'catalogue:write',
  'deposits:read',
  'deposits:write',
  'reports:read',
  'sales:read',
  'tickets:read',
  'tickets:write',
];

const KEYS = ['api-keys'];
const WEBHOOKS = ['webhooks'];

export function useApiKeys() {
  return usePages<ApiKey>([...KEYS], (cursor) => data(listApiKeys({ query: { cursor } })));
}

export function useCreateApiKey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewApiKey; key: string }) =>
      data(createApiKey({ body, ...keyed(key) })),
    onSuccess: () => client.invalidateQueries({ queryKey: KEYS }),
  });
}

export function useRevokeApiKey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => revokeApiKey({ path: { key_id: id } }),
    onSuccess: () => client.invalidateQueries({ queryKey: KEYS }),
  });
}

export function useWebhooks() {
  return usePages<Webhook>([...WEBHOOKS], (cursor) => data(listWebhooks({ query: { cursor } })));
}

export function useDeliveries(webhookId: string, status: DeliveryStatus | null) {
  return usePages<DeliveryAnswer>(
    [...WEBHOOKS, 'deliveries', webhookId, status],
    (cursor) =>
      data(
        listDeliveries({
          path: { webhook_id: webhookId },
          query: { cursor, ...(status === null ? {} : { status }) },
        }),
      ),
    true,
    3_000,
  );
}

function useWebhooksChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: WEBHOOKS });
}

export function useCreateWebhook() {
  const onSuccess = useWebhooksChanged();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewWebhook; key: string }) =>
      data(createWebhook({ body, ...keyed(key) })),
    onSuccess,
  });
}

export function useChangeWebhook() {
  const onSuccess = useWebhooksChanged();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: WebhookChange }) =>
      data(changeWebhook({ path: { webhook_id: id }, body })),
    onSuccess,
  });
}

export function useRotateSecret() {
  const onSuccess = useWebhooksChanged();
  return useMutation({
    mutationFn: (id: string) => data(rotateWebhookSecret({ path: { webhook_id: id } })),
    onSuccess,
  });
}

export function useTestWebhook() {
  return useMutation({ mutationFn: (id: string) => data(testWebhook({ path: { webhook_id: id } })) });
}

export function useReplay(id: string) {
  const onSuccess = useWebhooksChanged();
  return useMutation({
    mutationFn: (body: ReplayWebhook) => data(replayWebhook({ path: { webhook_id: id }, body })),
    onSuccess,
  });
}

export function useSyncLogs(status: SyncStatus | null) {
  return usePages<SyncLogAnswer>(['sync-logs', status], (cursor) =>
    data(listSyncLogs({ query: { cursor, ...(status === null ? {} : { status }) } })),
  );
}
