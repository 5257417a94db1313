import { Button, Drawer as SidePanel, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Me } from '@/api';
import { Money } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { useCatalogue } from '@/state/queries/catalogue';
import { useDrawer } from '@/state/queries/drawer';
import { useMe } from '@/state/queries/me';
import { isEmpty, newCart, priced as reckon, withLine, withProduct } from '@/till/cart';
import type { Cart, CartLine } from '@/till/cart';
import type { Product } from '@/till/catalogue';
import { database } from '@/till/database';
import { useScans } from '@/till/scanning';
import { carts, sync, termsOf, useCart, useParkedHere } from '@/till/selling';
import type { Branch } from '@/till/selling';

import {
  AmountDialog,
  CartDiscountDialog,
  KilogramDialog,
  LineDialog,
  ParkDialog,
  SureDialog,
} from './selling/CartDialogs';
import { CartPanel } from './selling/CartPanel';
import { Goods } from './selling/Goods';
import { ParkedDialog } from './selling/ParkedDialog';
import { PayDialog } from './selling/PayDialog';
import { SaleDone } from './selling/SaleDone';
import styles from './selling/selling.module.css';
import { useSelling } from './selling/useSelling';
import { Waiting } from './TillShell';

export function SellPage() {
  const me = useMe().data;
  if (me?.branch == null) return <Waiting />;
  return <Selling me={me} branch={me.branch} />;
}

type Asked =
  | { what: 'discount' | 'donation' | 'park' | 'parked' | 'empty' | 'pay' }
  | { what: 'line'; line: CartLine }
  | { what: 'price' | 'weight'; product: Product };

function Selling({ me, branch }: { me: Me; branch: Branch }) {
  const { t } = useTranslation();
  const currency = branch.baseCurrency;
  const drawer = useDrawer().data ?? null;
  const catalogue = useCatalogue({ branchId: branch.id, currency });
  const cart = useCart();
  const priced = useMemo(() => reckon(cart), [cart]);
  const terms = useMemo(() => termsOf(branch), [branch]);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [showsCart, setShowsCart] = useState(false);
  const parkedHere = useParkedHere();
  const selling = useSelling({ me, branch, drawer, terms });
  const mayPrice = me.user.permissions.includes('sales:supervise');

  useEffect(() => {
    void carts.load(me.user.id);
  }, [me.user.id]);

  const pick = useCallback((product: Product) => {
    if (product.isOpenPrice) setAsked({ what: 'price', product });
    else if (product.unit === 'KILOGRAM') setAsked({ what: 'weight', product });
    else carts.set(withProduct(carts.get(), product));
  }, []);

  const { unknownCode } = selling;
  const isPaying = asked?.what === 'pay' || selling.made !== null;
  useScans((code) => {
    // While a customer pays, nothing is added behind the amount that was said.
    if (isPaying) {
      notifications.show({ message: t('selling.scan.paying'), color: 'brass', role: 'status' });
      return;
    }
    const product = catalogue.data?.scanned(code);
    if (product === undefined) unknownCode(code);
    else pick(product);
  });

  const close = () => {
    setAsked(null);
    selling.forgetRefusal();
  };
  const change = (line: CartLine, given: Partial<CartLine>) => {
    carts.set(withLine(carts.get(), line.key, given));
  };
  const park = async (label: string) => {
    const parked: Cart = { ...cart, label: label === '' ? null : label };
    const parkedAt = new Date().toISOString();
    await database.parked.put({
      id: parked.id,
      branchId: branch.id,
      userId: me.user.id,
      cart: parked,
      currency,
      parkedAt,
    });
    carts.set(newCart());
    close();
    setShowsCart(false);
    notifications.show({ message: t('selling.parked.done') });
    void sync(me.user.id);
  };
  const panel = (
    <CartPanel
      cart={cart}
      priced={priced}
      currency={currency}
      parkedCount={parkedHere.length}
      onLine={(line) => {
        setAsked({ what: 'line', line });
      }}
      onQuantity={(line, quantityMilli) => {
        change(line, { quantityMilli });
      }}
      onAsk={(what) => {
        setAsked({ what });
      }}
      onPay={() => {
        setAsked({ what: 'pay' });
      }}
    />
  );

  if (catalogue.data === undefined) {
    return catalogue.error === null ? (
      <Waiting />
    ) : (
      <Stack component="main" p="lg">
        <Refusal error={catalogue.error} />
      </Stack>
    );
  }
  return (
    <main className={styles.page}>
      <Goods catalogue={catalogue.data} onPick={pick} />
      <div className={styles.side}>{panel}</div>
      <div className={`${styles.bar ?? ''} surface`}>
        <Button
          flex={1}
          size="lg"
          h={56}
          variant={isEmpty(cart) ? 'default' : 'filled'}
          onClick={() => {
            setShowsCart(true);
          }}
        >
          {t('selling.cart.items', { count: cart.lines.length })}&nbsp;·&nbsp;
          <Money minor={priced.dueMinor} currency={currency} inherit />
        </Button>
      </div>
      <SidePanel
        opened={showsCart}
        onClose={() => {
          setShowsCart(false);
        }}
        position="bottom"
        size="100%"
        title={t('selling.cart.back')}
        closeButtonProps={{ 'aria-label': t('common.close'), size: 44 }}
        styles={{
          content: { display: 'flex', flexDirection: 'column' },
          body: { flex: 1, display: 'flex', minHeight: 0 },
        }}
      >
        {panel}
      </SidePanel>
      <Questions
        asked={asked}
        cart={cart}
        currency={currency}
        mayPrice={mayPrice}
        usesEee={catalogue.data.usesEee}
        onClose={close}
        onPark={(label) => void park(label)}
      />
      {asked?.what === 'pay' && (
        <PayDialog
          // Another amount is another payment: what was typed for the old one is gone.
          key={priced.dueMinor}
          dueMinor={priced.dueMinor}
          currencies={drawer?.balances.map((one) => one.currency) ?? branch.currencies}
          terms={terms}
          isBusy={selling.isBusy}
          refusal={selling.refusal}
          onClose={close}
          onPay={(tenders, changeCurrency) => {
            void selling.pay(cart, tenders, changeCurrency).then((isDone) => {
              if (!isDone) return;
              close();
              setShowsCart(false);
            });
          }}
        />
      )}
      {selling.made !== null && <SaleDone made={selling.made} onNext={selling.next} />}
    </main>
  );
}

interface QuestionsProps {
  asked: Asked | null;
  cart: Cart;
  currency: string;
  mayPrice: boolean;
  usesEee: boolean;
  onClose: () => void;
  onPark: (label: string) => void;
}

/** The dialogs about the cart and its lines; one at a time. */
function Questions({ asked, cart, currency, mayPrice, usesEee, onClose, onPark }: QuestionsProps) {
  const { t } = useTranslation();
  const done = (changed: Cart) => {
    carts.set(changed);
    onClose();
  };
  switch (asked?.what) {
    case 'line':
      return (
        <LineDialog
          line={asked.line}
          currency={currency}
          mayPrice={mayPrice}
          usesEee={usesEee}
          onClose={onClose}
          onDone={(given) => {
            done(withLine(cart, asked.line.key, given));
          }}
        />
      );
    case 'price':
      return (
        <AmountDialog
          title={asked.product.name}
          label={t('selling.dialog.price')}
          currency={currency}
          minor={asked.product.priceMinor}
          onClose={onClose}
          onDone={(unitPriceMinor) => {
            done(withProduct(cart, asked.product, { unitPriceMinor }));
          }}
        />
      );
    case 'weight':
      return (
        <KilogramDialog
          name={asked.product.name}
          onClose={onClose}
          onDone={(quantityMilli) => {
            done(withProduct(cart, asked.product, { quantityMilli }));
          }}
        />
      );
    case 'discount':
      return (
        <CartDiscountDialog
          discount={cart.discount}
          currency={currency}
          onClose={onClose}
          onDone={(discount) => {
            done({ ...cart, discount });
          }}
        />
      );
    case 'donation':
      return (
        <AmountDialog
          title={t('selling.cart.donation')}
          label={t('common.amount')}
          hint={t('selling.dialog.donationHint')}
          currency={currency}
          minor={cart.donationMinor}
          onClose={onClose}
          onDone={(donationMinor) => {
            done({ ...cart, donationMinor });
          }}
        />
      );
    case 'park':
      return <ParkDialog onClose={onClose} onDone={onPark} />;
    case 'parked':
      return <ParkedDialog onClose={onClose} onTaken={done} />;
    case 'empty':
      return (
        <SureDialog
          title={t('selling.cart.empty')}
          text={t('selling.dialog.emptyHint')}
          action={t('selling.cart.empty')}
          onClose={onClose}
          onDone={() => {
            done({ ...newCart(), cartId: cart.cartId ?? null });
          }}
        />
      );
    default:
      return null;
  }
}
