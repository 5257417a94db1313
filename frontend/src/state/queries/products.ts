import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import {
  changeCategory,
  changeProduct,
  createCategory,
  createProduct,
  listCategories,
  listProducts,
  readProduct,
  removePrice,
  setPrice,
} from '@/api';
import type {
  CategoryAnswer,
  CategoryChange,
  ImportAnswer,
  NewCategory,
  NewProduct,
  ProductAnswer,
  ProductChange,
} from '@/api';
import { apiFetch, data } from '@/http';

import { allOf, given, usePages } from './pages';

export type Product = ProductAnswer;
export type Category = CategoryAnswer;
export type Imported = ImportAnswer;

const KEY = 'products';
const SHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

export function useProducts(q: string, categoryId: string | null) {
  return usePages<Product>([KEY, 'list', q, categoryId], (cursor) =>
    data(listProducts({ query: { cursor, limit: 50, ...given({ q: q.trim(), categoryId }) } })),
  );
}

export function useProduct(id: string | null) {
  return useQuery({
    queryKey: [KEY, 'one', id],
    queryFn: () => data(readProduct({ path: { product_id: id ?? '' } })),
    enabled: id !== null,
  });
}

export function useCategories() {
  return useQuery({
    queryKey: [KEY, 'categories'],
    queryFn: () => allOf<Category>((cursor) => data(listCategories({ query: { cursor, limit: 100 } }))),
  });
}

function useChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: [KEY] });
}

export function useSaveProduct() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: ProductChange } | { id: null; body: NewProduct }) =>
      id === null
        ? data(createProduct({ body: body }))
        : data(changeProduct({ path: { product_id: id }, body: body })),
    onSuccess,
  });
}

/** What a branch asks for a product; null: what everybody asks. */
export function useSetPrice(productId: string) {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: async ({ branchId, price }: { branchId: string; price: number | null }) => {
      const path = { product_id: productId, branch_id: branchId };
      await (price === null ? removePrice({ path }) : setPrice({ path, body: { price } }));
    },
    onSuccess,
  });
}

export function useSaveCategory() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: CategoryChange } | { id: null; body: NewCategory }) =>
      id === null
        ? data(createCategory({ body: body }))
        : data(changeCategory({ path: { category_id: id }, body: body })),
    onSuccess,
  });
}

/** All lines or none; a dry run says what would come of it. */
export function useImport() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: async ({ file, isDry }: { file: File; isDry: boolean }): Promise<Imported> => {
      const answer = await apiFetch(`/v1/catalogue/imports?dryRun=${isDry ? 'true' : 'false'}`, {
        method: 'POST',
        headers: { 'Content-Type': file.name.toLowerCase().endsWith('.xlsx') ? SHEET : 'text/csv' },
        body: file,
      });
      return ((await answer.json()) as { data: Imported }).data;
    },
    onSuccess,
  });
}
