import { useInfiniteQuery } from '@tanstack/react-query';

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** A list that the API gives page by page; `more` asks for the next one. */
export function usePages<T>(
  queryKey: readonly unknown[],
  page: (cursor: string | null) => Promise<Page<T>>,
  isEnabled = true,
  /** For a list that goes on by itself while it is looked at. */
  againEveryMs: number | false = false,
) {
  const found = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => page(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    enabled: isEnabled,
    refetchInterval: againEveryMs,
  });
  return {
    items: found.data?.pages.flatMap((one) => one.items) ?? [],
    error: found.error,
    isLoading: found.isPending && isEnabled,
    more: found.hasNextPage ? () => void found.fetchNextPage() : null,
    isMore: found.isFetchingNextPage,
  };
}
export type Pages<T> = ReturnType<typeof usePages<T>>;

/** Every item of a list that is short by its nature: branches, registers, categories. */
export async function allOf<T>(page: (cursor: string | null) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | null = null; ;) {
    const one = await page(cursor);
    items.push(...one.items);
    cursor = one.nextCursor;
    if (cursor === null) return items;
  }
}

/** What a filter leaves out is not sent: an empty field means everything. */
export function given<T extends Record<string, string | null>>(filters: T): { [K in keyof T]?: string } {
  return Object.fromEntries(
    Object.entries(filters).filter(([, value]) => value !== null && value !== ''),
  ) as { [K in keyof T]?: string };
}
