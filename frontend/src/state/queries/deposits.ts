import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import {
  classifyText,
  correctDeposit,
  depositStatistics,
  listDeposits,
  recordDeposit,
  rejectDeposit,
  validateDeposit,
} from '@/api';
import type {
  CorrectDeposit,
  DepositAnswer,
  DepositStatistics,
  DepositStatus,
  NewDeposit,
  StatisticsBy,
  SuggestionOut,
} from '@/api';
import { data, keyed } from '@/http';
import type { LiveEvent } from '@/state/live';

import type { Period } from './figures';
import { given, usePages } from './pages';

export type Deposit = DepositAnswer;
export type Suggestion = SuggestionOut;
export type Category = NonNullable<NewDeposit['category']>;
export type StatisticsLine = DepositStatistics;
export type { DepositStatus, StatisticsBy };

/** Categories of electrical and electronic equipment, as reports to eco-organisms name them. */
export const CATEGORIES: readonly Category[] = [
  'EEE-1',
  'EEE-2',
  'EEE-3',
  'EEE-4',
  'EEE-5',
  'EEE-6',
  'EEE-7',
  'EEE-8',
];

export interface DepositFilters {
  status: DepositStatus | null;
  category: Category | null;
  branchId: string | null;
  from: string | null;
  to: string | null;
}

const KEY = ['deposits'];

export function useDeposits(filters: DepositFilters) {
  return usePages<Deposit>([...KEY, 'list', filters], (cursor) => {
    const { status, category, ...words } = filters;
    return data(
      listDeposits({
        query: {
          ...given(words),
          cursor,
          ...(status === null ? {} : { status }),
          ...(category === null ? {} : { category }),
        },
      }),
    );
  });
}

export function useStatistics(by: StatisticsBy, period: Period) {
  return useQuery({
    queryKey: [...KEY, 'statistics', by, period],
    queryFn: async () => {
      const { from, to, branchId } = period;
      return (await data(depositStatistics({ query: { by, from, to, ...given({ branchId }) } }))).items;
    },
  });
}

/** What a text is taken for; nothing is asked while there is no text. */
export function useClassification(text: string, language: string) {
  return useQuery({
    queryKey: ['classification', text, language],
    queryFn: () => data(classifyText({ body: { text, lang: knownLanguage(language) } })),
    enabled: text !== '',
    staleTime: Infinity,
  });
}

/** The languages that the classifier and the files know. */
export function knownLanguage(language: string): 'en' | 'fr' | 'es' | null {
  return language === 'en' || language === 'fr' || language === 'es' ? language : null;
}

/** Whoever waits for it goes on with what is there then. */
function useChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: KEY });
}

export function useRecordDeposit() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewDeposit; key: string }) =>
      data(recordDeposit({ body, ...keyed(key) })),
    onSuccess,
  });
}

export function useValidate() {
  const changed = useChanged();
  return useMutation({
    mutationFn: ({ deposit, category }: { deposit: Deposit; category: Category }) =>
      data(
        validateDeposit({
          path: { deposit_id: deposit.id },
          body: category === deposit.category ? {} : { category },
        }),
      ),
    // A decision is known before the lists are.
    onSettled: () => void changed(),
  });
}

export function useReject() {
  const changed = useChanged();
  return useMutation({
    mutationFn: ({ deposit, reason }: { deposit: Deposit; reason: string }) =>
      data(rejectDeposit({ path: { deposit_id: deposit.id }, body: { reason } })),
    // A decision is known before the lists are.
    onSettled: () => void changed(),
  });
}

/** Another deposit takes the place of this one, and waits for validation. */
export function useCorrect() {
  const onSettled = useChanged();
  return useMutation({
    mutationFn: ({ id, body, key }: { id: string; body: CorrectDeposit; key: string }) =>
      data(correctDeposit({ path: { deposit_id: id }, body, ...keyed(key) })),
    onSettled,
  });
}

/** Reads the lists anew when a deposit was told or decided elsewhere. */
export function useDepositEvents(): (event: LiveEvent) => void {
  const changed = useChanged();
  return (event) => {
    if (event.type === 'reset' || event.type.startsWith('deposit.')) void changed();
  };
}
