import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import {
  finalizeSale,
  listRefunds,
  listSales,
  previewReceipt,
  printReceipt,
  readSale,
  refundSale,
} from '@/api';
import type { FinalizeSale, RefundSale, SaleOut } from '@/api';
import { data, keyed } from '@/http';
import { currentToken } from '@/state/login';

export type Sale = SaleOut;

const KEY = 'sales';

/** One request, as the queue sends it. The id in the body makes it repeatable. */
export function sendSale(body: FinalizeSale): Promise<Sale> {
  return data(finalizeSale({ body }));
}

/** The last sales and refunds of whoever is logged in; or of the branch, by the number on a receipt. */
export function useSales(receiptNumber: number | null) {
  return useQuery({
    queryKey: [KEY, 'list', currentToken(), receiptNumber],
    queryFn: () =>
      data(listSales({ query: { limit: 30, ...(receiptNumber === null ? {} : { receiptNumber }) } })),
    staleTime: 0,
  });
}

export function useSale(id: string) {
  return useQuery({ queryKey: [KEY, 'one', id], queryFn: () => data(readSale({ path: { sale_id: id } })) });
}

export function useRefundsOf(id: string) {
  return useQuery({
    queryKey: [KEY, 'refunds', id],
    queryFn: () => data(listRefunds({ path: { sale_id: id } })),
    staleTime: 0,
  });
}

export function useRefund(saleId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ body, pin }: { body: RefundSale; pin: string }) =>
      data(
        refundSale({
          path: { sale_id: saleId },
          body,
          headers: {
            ...keyed(body.id ?? crypto.randomUUID()).headers,
            ...(pin === '' ? {} : { 'x-approver-pin': pin }),
          },
        }),
      ),
    onSettled: () => Promise.all([KEY, 'drawer'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
}

type Language = 'en' | 'fr' | 'es' | 'km';

/** The receipt to look at; it counts as no printing. */
export function useReceipt(id: string, lang: string) {
  return useQuery({
    queryKey: [KEY, 'receipt', id, lang],
    queryFn: async () => {
      const answer = await previewReceipt({
        path: { sale_id: id },
        query: { format: 'html', lang: lang as Language },
        parseAs: 'text',
      });
      return answer as unknown as string;
    },
  });
}

/** Print: the original first, then duplicates that say so. Gives the page. */
export function usePrint() {
  return useMutation({
    mutationFn: async ({ id, lang, key }: { id: string; lang: string; key: string }) =>
      (
        await data(
          printReceipt({
            path: { sale_id: id },
            body: { format: 'html', lang: lang as Language },
            ...keyed(key),
          }),
        )
      ).content,
  });
}
