import { Badge, Button, Group, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { download } from '@/state/download';
import { useCategories, useProducts } from '@/state/queries/products';

import { Categories } from './parts/Categories';
import { Choice } from './parts/Choice';
import { DataTable } from './parts/DataTable';
import { ImportFile } from './parts/ImportFile';
import { PageHead } from './parts/PageHead';
import { ProductForm } from './parts/ProductForm';
import { useMay } from './parts/useMay';

/** What is sold: searched, changed, brought in and taken out as a file. */
export function CataloguePage() {
  const { t } = useTranslation();
  const money = useMoney();
  const mayChange = useMay()('catalogue:write');
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed, 200);
  const [categoryId, setCategoryId] = useState<string | null>(null);
  const [opened, setOpened] = useState<'import' | 'categories' | 'new' | { id: string } | null>(null);
  const found = useProducts(q, categoryId);
  const categories = useCategories().data ?? [];
  const close = () => {
    setOpened(null);
  };
  return (
    <Stack>
      <PageHead title={t('office.catalogue.title')}>
        {mayChange && (
          <>
            <Button
              onClick={() => {
                setOpened('new');
              }}
            >
              {t('office.catalogue.new')}
            </Button>
            <Button
              variant="default"
              onClick={() => {
                setOpened('categories');
              }}
            >
              {t('office.catalogue.categories')}
            </Button>
            <Button
              variant="default"
              onClick={() => {
                setOpened('import');
              }}
            >
              {t('office.catalogue.import')}
            </Button>
          </>
        )}
        <Button variant="default" onClick={() => void download('/v1/catalogue/export.csv', 'catalogue.csv')}>
          {t('office.catalogue.export')}
        </Button>
      </PageHead>
      <Group align="flex-end">
        <TextInput
          label={t('office.search')}
          type="search"
          value={typed}
          maxLength={100}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
          }}
        />
        <Choice
          label={t('office.catalogue.category')}
          value={categoryId}
          data={categories.map((category) => ({ value: category.id, label: category.name }))}
          onValue={setCategoryId}
        />
      </Group>
      <DataTable
        {...found}
        label={t('office.catalogue.title')}
        rowKey={(product) => product.id}
        columns={[
          {
            head: t('office.name'),
            cell: (product) =>
              mayChange ? (
                <Button
                  variant="subtle"
                  px={4}
                  onClick={() => {
                    setOpened({ id: product.id });
                  }}
                >
                  {product.name}
                </Button>
              ) : (
                product.name
              ),
          },
          {
            head: t('office.catalogue.category'),
            cell: (product) => product.categoryName ?? '–',
            isSecondary: true,
          },
          {
            head: t('office.catalogue.barcode'),
            cell: (product) => product.barcode ?? '–',
            isSecondary: true,
          },
          {
            head: t('office.catalogue.tax'),
            cell: (product) => `${product.taxRate} %`,
            isNumber: true,
            isSecondary: true,
          },
          {
            head: t('office.catalogue.price'),
            cell: (product) =>
              product.isOpenPrice ? t('office.catalogue.open') : money.wire(product.price, product.currency),
            isNumber: true,
          },
          {
            head: t('office.status'),
            cell: (product) => (product.isActive ? '' : <Badge color="gray">{t('office.inactive')}</Badge>),
            isSecondary: true,
          },
        ]}
      />
      {opened === 'import' && <ImportFile onClose={close} />}
      {opened === 'categories' && <Categories onClose={close} />}
      {opened === 'new' && <ProductForm id={null} onClose={close} />}
      {typeof opened === 'object' && opened !== null && <ProductForm id={opened.id} onClose={close} />}
    </Stack>
  );
}
