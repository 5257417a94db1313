import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';

import { listCategories, listProducts } from '@/api';
import { data } from '@/http';
import { Catalogue, categoryOf, productOf } from '@/till/catalogue';
import { database } from '@/till/database';

const KEY = 'till-catalogue';
const PAGE = 200;
const AGAIN_MS = 60_000;
/** A change is seen when it is committed, a moment later than it says. */
const OVERLAP_MS = 60_000;

interface Where {
  branchId: string;
  currency: string;
}

/** All pages of a list. */
async function pages<T>(
  ask: (cursor: string | undefined) => Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(cursor);
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** Bring the kept copy up to date: all products once, later what has changed. */
async function refresh(branchId: string): Promise<void> {
  const askedAt = new Date(Date.now() - OVERLAP_MS).toISOString();
  const known = await database.catalogue.get(branchId);
  const categories = await pages((cursor) =>
    data(
      listCategories({ query: { active: true, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) } }),
    ),
  );
  const products = await pages((cursor) =>
    data(
      listProducts({
        query: {
          branchId,
          limit: PAGE,
          ...(known === undefined ? { active: true } : { updatedSince: known.askedAt }),
          ...(cursor === undefined ? {} : { cursor }),
        },
      }),
    ),
  );
  await database.transaction('rw', database.products, database.categories, database.catalogue, async () => {
    if (known === undefined) {
      // Another branch has other prices: one catalogue at a time.
      await Promise.all([database.products.clear(), database.catalogue.clear()]);
    }
    await database.categories.clear();
    await database.categories.bulkPut(categories.map(categoryOf));
    await database.products.bulkPut(products.map(productOf));
    await database.catalogue.put({ branchId, askedAt });
  });
}

async function kept({ branchId, currency }: Where): Promise<Catalogue | null> {
  if ((await database.catalogue.get(branchId)) === undefined) return null;
  const [products, categories] = await Promise.all([
    database.products.toArray(),
    database.categories.toArray(),
  ]);
  return new Catalogue(
    products,
    categories.sort((a, b) => a.position - b.position || a.name.localeCompare(b.name)),
    currency,
  );
}

const catalogueQuery = (where: Where, refreshed: (catalogue: Catalogue) => void) =>
  queryOptions({
    queryKey: [KEY, where.branchId, where.currency] as const,
    queryFn: async () => {
      const found = await kept(where);
      if (found === null) {
        await refresh(where.branchId);
        return (await kept(where)) ?? new Catalogue([], [], where.currency);
      }
      // What is kept is shown at once; what has changed comes in behind it.
      void refresh(where.branchId)
        .then(() => kept(where))
        .then((fresh) => {
          if (fresh !== null) refreshed(fresh);
        })
        .catch(() => undefined);
      return found;
    },
    structuralSharing: false,
    refetchInterval: AGAIN_MS,
    staleTime: AGAIN_MS,
  });

export function useCatalogue(where: Where) {
  const client = useQueryClient();
  return useQuery(
    catalogueQuery(where, (fresh) => {
      client.setQueryData([KEY, where.branchId, where.currency], fresh);
    }),
  );
}

/** Today's prices now, for a sale that was refused because of yesterday's. */
export function useFreshCatalogue(where: Where) {
  const client = useQueryClient();
  return async (): Promise<Catalogue> => {
    await refresh(where.branchId);
    const fresh = (await kept(where)) ?? new Catalogue([], [], where.currency);
    client.setQueryData([KEY, where.branchId, where.currency], fresh);
    return fresh;
  };
}
