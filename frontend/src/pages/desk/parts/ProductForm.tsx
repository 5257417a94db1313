import { Button, Divider, Group, Select, SimpleGrid, Switch, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { NewProduct, ProductDetail, Unit } from '@/api';
import { AmountField } from '@/components/AmountField';
import { Refusal } from '@/components/Refusal';
import { parseAmount, plain, toMinor, toWire } from '@/money';
import { useCategories, useProduct, useSaveProduct, useSetPrice } from '@/state/queries/products';
import { useMe } from '@/state/queries/me';
import { useBranches } from '@/state/queries/places';

import { FormDialog } from './FormDialog';

const UNITS: readonly Unit[] = ['PIECE', 'KILOGRAM'];
const EEE = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (number) => `EEE-${number}` as NonNullable<NewProduct['eeeCategory']>,
);

/** A product made or changed, and what single branches ask for it. */
export function ProductForm({ id, onClose }: { id: string | null; onClose: () => void }) {
  const product = useProduct(id);
  if (id !== null && product.data === undefined) return <Refusal error={product.error} />;
  return <Form key={id} product={product.data ?? null} onClose={onClose} />;
}

function Form({ product, onClose }: { product: ProductDetail | null; onClose: () => void }) {
  const { t } = useTranslation();
  const base = useMe().data?.branch?.baseCurrency ?? 'EUR';
  const currency = product?.currency ?? base;
  const categories = useCategories().data ?? [];
  const save = useSaveProduct();
  const [form, setForm] = useState({
    name: product?.name ?? '',
    barcode: product?.barcode ?? '',
    sku: product?.sku ?? '',
    categoryId: product?.categoryId ?? null,
    price: product === null ? '' : plain(toMinor(product.price, currency), currency),
    taxRate: String(product?.taxRate ?? 20),
    isFavourite: product?.isFavourite ?? false,
    isActive: product?.isActive ?? true,
    isOpenPrice: product?.isOpenPrice ?? false,
    unit: product?.unit ?? 'PIECE',
    eeeCategory: (product?.eeeCategory ?? null) as NewProduct['eeeCategory'],
    weightGrams: String(product?.weightGrams ?? ''),
  });
  const price = parseAmount(form.price, currency);
  const taxRate = Number(form.taxRate.replace(',', '.'));
  const weightGrams = form.weightGrams === '' ? null : Number(form.weightGrams);
  const isWeightRight = weightGrams === null || (Number.isInteger(weightGrams) && weightGrams > 0);
  const isTaxRight = taxRate >= 0 && taxRate <= 100;
  const isReady = form.name.trim() !== '' && price !== null && price >= 0 && isTaxRight && isWeightRight;
  const submit = () => {
    if (price === null) return;
    const body = {
      name: form.name.trim(),
      barcode: form.barcode === '' ? null : form.barcode,
      sku: form.sku === '' ? null : form.sku,
      categoryId: form.categoryId,
      price: toWire(price, currency),
      taxRate,
      isFavourite: form.isFavourite,
      isActive: form.isActive,
      isOpenPrice: form.isOpenPrice,
      unit: form.unit,
      eeeCategory: form.eeeCategory,
      weightGrams,
    };
    save.mutate(product === null ? { id: null, body } : { id: product.id, body }, { onSuccess: onClose });
  };
  const flags = [
    ['isFavourite', t('office.catalogue.favourite')],
    ['isOpenPrice', t('office.catalogue.open')],
    ['isActive', t('office.active')],
  ] as const;
  const texts = [
    ['barcode', t('office.catalogue.barcode')],
    ['sku', t('office.catalogue.sku')],
    ['taxRate', t('office.catalogue.taxRate')],
    ['weightGrams', t('office.catalogue.weightGrams')],
  ] as const;
  return (
    <FormDialog
      title={product?.name ?? t('office.catalogue.new')}
      isReady={isReady}
      isPending={save.isPending}
      error={save.error}
      size="lg"
      onClose={onClose}
      onSubmit={submit}
    >
      <TextInput
        label={t('office.name')}
        value={form.name}
        maxLength={120}
        data-autofocus
        onChange={(event) => {
          setForm({ ...form, name: event.currentTarget.value });
        }}
      />
      <AmountField
        label={t('office.catalogue.price')}
        currency={currency}
        text={form.price}
        onText={(text) => {
          setForm({ ...form, price: text });
        }}
      />
      <Select
        label={t('office.catalogue.category')}
        placeholder={t('office.none')}
        value={form.categoryId}
        clearable
        clearButtonProps={{ 'aria-label': t('office.clear') }}
        data={categories.map((category) => ({ value: category.id, label: category.name }))}
        onChange={(categoryId) => {
          setForm({ ...form, categoryId });
        }}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {texts.map(([field, label]) => (
          <TextInput
            key={field}
            label={label}
            value={form[field]}
            maxLength={64}
            onChange={(event) => {
              setForm({ ...form, [field]: event.currentTarget.value.trim() });
            }}
          />
        ))}
        <Select
          label={t('office.catalogue.unit')}
          value={form.unit}
          allowDeselect={false}
          data={UNITS.map((unit) => ({ value: unit, label: t(`office.catalogue.units.${unit}`) }))}
          onChange={(unit) => {
            if (unit !== null) setForm({ ...form, unit });
          }}
        />
        <Select
          label={t('selling.dialog.eee')}
          placeholder={t('office.none')}
          value={form.eeeCategory ?? null}
          clearable
          clearButtonProps={{ 'aria-label': t('office.clear') }}
          data={EEE.map((category) => ({
            value: category,
            label: t(`selling.eee.${category.slice(-1) as '1'}`),
          }))}
          onChange={(eeeCategory) => {
            setForm({ ...form, eeeCategory });
          }}
        />
      </SimpleGrid>
      {flags.map(([field, label]) => (
        <Switch
          key={field}
          size="lg"
          label={label}
          checked={form[field]}
          onChange={(event) => {
            setForm({ ...form, [field]: event.currentTarget.checked });
          }}
        />
      ))}
      {product !== null && <BranchPrices product={product} />}
    </FormDialog>
  );
}

function BranchPrices({ product }: { product: ProductDetail }) {
  const { t } = useTranslation();
  const branches = (useBranches().data ?? []).filter((branch) => branch.baseCurrency === product.currency);
  return (
    <>
      <Divider label={t('office.catalogue.branchPrices')} />
      {branches.map((branch) => {
        const own = product.prices.find((one) => one.branchId === branch.id);
        return (
          <BranchPrice
            key={branch.id}
            productId={product.id}
            branch={branch}
            currency={product.currency}
            price={own?.price ?? null}
          />
        );
      })}
    </>
  );
}

interface PriceProps {
  productId: string;
  branch: { id: string; name: string };
  currency: string;
  price: number | null;
}

function BranchPrice({ productId, branch, currency, price }: PriceProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(price === null ? '' : plain(toMinor(price, currency), currency));
  const set = useSetPrice(productId);
  const minor = parseAmount(text, currency);
  return (
    <>
      <Group align="flex-end" wrap="nowrap">
        <AmountField label={branch.name} currency={currency} text={text} onText={setText} />
        <Button
          variant="default"
          loading={set.isPending}
          disabled={minor === null || minor < 0}
          onClick={() => {
            const isOwn = text.trim() !== '' && minor !== null;
            set.mutate({ branchId: branch.id, price: isOwn ? toWire(minor, currency) : null });
          }}
        >
          {t('office.save')}
        </Button>
      </Group>
      <Refusal error={set.error} />
    </>
  );
}
