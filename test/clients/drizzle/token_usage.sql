SELECT tokenmeter.create_prisma_view();
