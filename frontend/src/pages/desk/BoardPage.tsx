import { Badge, Button, Card, Group, Modal, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { EstadoDeTpv } from '@/api';
import { useMoney } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { useLive } from '@/state/live';
import { useMe } from '@/state/queries/me';
import { useBoard, useBoardChanged, useRelease } from '@/state/queries/terminal';

const COLOURS = { disponible: 'gray', ocupado: 'pine', pausado: 'brass' } as const;

/** Every register as it stands now: who, since when, what should be in its drawer. */
export function BoardPage() {
  const { t } = useTranslation();
  const isAdmin = useMe().data?.user.permissions.includes('terminals:administer') === true;
  return (
    <Stack>
      <Title order={1} size="h2">
        {t('desk.board.title')}
      </Title>
      {isAdmin ? <Board /> : <Text>{t('desk.board.notYours')}</Text>}
    </Stack>
  );
}

function Board() {
  const { t } = useTranslation();
  const board = useBoard();
  const changed = useBoardChanged();
  const [leaving, setLeaving] = useState<EstadoDeTpv | null>(null);
  useLive((event) => {
    if (/^(reset|terminal|cash|sale)/.test(event.type)) void changed();
  });
  return (
    <>
      <Refusal error={board.error} />
      {board.data?.length === 0 && <Text>{t('desk.board.none')}</Text>}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {board.data?.map((register) => (
          <RegisterCard
            key={register.tpv_id}
            register={register}
            onRelease={() => {
              setLeaving(register);
            }}
          />
        ))}
      </SimpleGrid>
      {leaving !== null && (
        <Release
          register={leaving}
          onClose={() => {
            setLeaving(null);
          }}
        />
      )}
    </>
  );
}

function RegisterCard({ register, onRelease }: { register: EstadoDeTpv; onRelease: () => void }) {
  const { t, i18n } = useTranslation();
  const money = useMoney();
  const currency = useMe().data?.branch?.baseCurrency ?? 'EUR';
  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: 'short' });
  return (
    <Card className="surface" component="section" aria-label={register.tpv_nombre}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <Title order={2} size="h4">
            {register.tpv_nombre}
          </Title>
          <Text c="dimmed">{register.tienda_nombre}</Text>
        </div>
        <Badge size="lg" tt="none" variant="light" color={COLOURS[register.estado]}>
          {t(`desk.board.state.${register.estado}`)}
        </Badge>
      </Group>
      <Stack gap={2} mt="md" mih={76}>
        {register.usuario !== null && register.sesion !== null && (
          <Text>
            {register.usuario.nombre},{' '}
            {t('desk.board.since', { time: time.format(new Date(register.sesion.iniciada)) })}
          </Text>
        )}
        {register.monto_caja === null ? (
          <Text c="dimmed">{t('desk.board.closedDrawer')}</Text>
        ) : (
          <Text>
            <Text span fw={650} fz="xl">
              {money.wire(register.monto_caja, currency)}
            </Text>{' '}
            {t('desk.board.expected')}
          </Text>
        )}
      </Stack>
      {(register.sesion !== null || register.caja_abierta) && (
        <Button variant="default" mt="sm" onClick={onRelease}>
          {t('desk.board.release')}
        </Button>
      )}
    </Card>
  );
}

function Release({ register, onClose }: { register: EstadoDeTpv; onClose: () => void }) {
  const { t } = useTranslation();
  const release = useRelease();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('desk.board.releaseTitle', { register: register.tpv_nombre })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Text>{t('desk.board.releaseText', { user: register.usuario?.nombre ?? '–' })}</Text>
        <Refusal error={release.error} />
        <Button
          color="red"
          loading={release.isPending}
          onClick={() => {
            if (!release.isPending) release.mutate(register.tpv_id, { onSuccess: onClose });
          }}
        >
          {t('desk.board.release')}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </Stack>
    </Modal>
  );
}
