import { Button, Group, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { memo, useDeferredValue, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import type { Catalogue, Product } from '@/till/catalogue';

import styles from './selling.module.css';

const SHOWN = 60;

interface Props {
  catalogue: Catalogue;
  onPick: (product: Product) => void;
}

/** What can be sold: favourites first, by category, or found by words. */
export const Goods = memo(function Goods({ catalogue, onPick }: Props) {
  const { t } = useTranslation();
  const [words, setWords] = useState('');
  const [where, setWhere] = useState<string>(() =>
    catalogue.products.some((one) => one.isFavourite) ? 'favourites' : 'all',
  );
  const [limit, setLimit] = useState(SHOWN);
  const asked = useDeferredValue(words);
  const [found, count] = useMemo(() => {
    // Words look everywhere: whoever types them does not know the category.
    if (asked.trim() !== '' || where === 'all') return catalogue.found(asked, 'all', limit);
    return catalogue.found('', where === 'favourites' ? 'favourites' : { categoryId: where }, limit);
  }, [catalogue, asked, where, limit]);
  const colours = useMemo(
    () => new Map(catalogue.categories.map((one) => [one.id, one.colour])),
    [catalogue],
  );
  const chips = [
    { id: 'favourites', name: t('selling.goods.favourites') },
    { id: 'all', name: t('selling.goods.all') },
    ...catalogue.categories,
  ];
  return (
    <Stack gap="sm" className={styles.goods}>
      <TextInput
        type="search"
        aria-label={t('selling.goods.search')}
        placeholder={t('selling.goods.searchHint')}
        value={words}
        size="lg"
        autoComplete="off"
        onChange={(event) => {
          setWords(event.currentTarget.value);
          setLimit(SHOWN);
        }}
        onKeyDown={(event) => {
          const first = catalogue.found(words, 'all', 1)[0][0];
          if (event.key !== 'Enter' || words.trim() === '' || first === undefined) return;
          event.preventDefault();
          onPick(catalogue.scanned(words.trim()) ?? first);
          setWords('');
        }}
      />
      <div className={styles.chips} role="group" aria-label={t('selling.goods.categories')}>
        {chips.map((chip) => (
          <Button
            key={chip.id}
            size="sm"
            h={44}
            style={{ flexShrink: 0 }}
            variant={where === chip.id ? 'filled' : 'default'}
            aria-pressed={where === chip.id}
            onClick={() => {
              setWhere(chip.id);
              setWords('');
              setLimit(SHOWN);
            }}
          >
            {chip.name}
          </Button>
        ))}
      </div>
      {found.length === 0 && (
        <Text c="dimmed" ta="center" py="xl">
          {t(catalogue.products.length === 0 ? 'selling.goods.noCatalogue' : 'selling.goods.nothing')}
        </Text>
      )}
      <div className={styles.grid}>
        {found.map((product) => (
          <Tile
            key={product.id}
            product={product}
            colour={(product.categoryId === null ? null : colours.get(product.categoryId)) ?? null}
            onPick={onPick}
          />
        ))}
      </div>
      {count > found.length && (
        <Group justify="center">
          <Button
            variant="default"
            onClick={() => {
              setLimit(limit + SHOWN * 2);
            }}
          >
            {t('selling.goods.more', { count: count - found.length })}
          </Button>
        </Group>
      )}
    </Stack>
  );
});

interface TileProps {
  product: Product;
  colour: string | null;
  onPick: (product: Product) => void;
}

const Tile = memo(function Tile({ product, colour, onPick }: TileProps) {
  const { t } = useTranslation();
  const money = useMoney();
  const price = money.minor(product.priceMinor, product.currency);
  return (
    <UnstyledButton
      className={styles.tile}
      style={colour === null ? undefined : { '--tile-colour': colour }}
      data-testid="product"
      onClick={() => {
        onPick(product);
      }}
    >
      <span className={styles.name}>{product.name}</span>
      <span className={styles.price}>
        {product.isOpenPrice
          ? t('selling.goods.openPrice')
          : product.unit === 'KILOGRAM'
            ? t('selling.goods.perKilo', { price })
            : price}
      </span>
    </UnstyledButton>
  );
});
